import { Page } from '../../kit/panel.tsx'

export function SystemPage() {
  return <Page title="System">…</Page>
}
