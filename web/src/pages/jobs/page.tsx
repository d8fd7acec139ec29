import { Page } from '../../kit/panel.tsx'

export function JobsPage() {
  return <Page title="Jobs">…</Page>
}
