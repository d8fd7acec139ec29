import { Page } from '../../kit/panel.tsx'

export function NewJobPage() {
  return <Page title="NewJob">…</Page>
}
