import { Page } from '../../kit/panel.tsx'

export function JobPage() {
  return <Page title="Job">…</Page>
}
