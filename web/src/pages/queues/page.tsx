import { Page } from '../../kit/panel.tsx'

export function QueuesPage() {
  return <Page title="Queues">…</Page>
}
