import { Page } from '../../kit/panel.tsx'

export function KindsPage() {
  return <Page title="Kinds">…</Page>
}
