/** An address that means nothing here. */

import { Compass } from 'lucide-react'
import { useTitle } from '../app/pulse.ts'
import { Link } from '../app/router.tsx'
import { Empty, Page, Panel } from '../kit/panel.tsx'

export function NowherePage() {
  useTitle('No such page')
  return (
    <Page title="No such page">
      <Panel>
        <Empty icon={Compass} title="Nothing is at this address">
          <Link to="/jobs" className="text-accent underline-offset-2 hover:underline">
            Go to the jobs
          </Link>
        </Empty>
      </Panel>
    </Page>
  )
}
