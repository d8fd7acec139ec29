import { Page } from '../../kit/panel.tsx'

export function MachinesPage() {
  return <Page title="Machines">…</Page>
}
