/** What stands where no line is: not yet, not ever, or not of this kind. */
import type { JobDoc } from '@headway/client'
import type { LogsAnswer } from '@headway/client/react'
import { ScrollText, SearchX } from 'lucide-react'
import { Button } from '../../../kit/button.tsx'
import { Empty } from '../../../kit/panel.tsx'
import { FINAL } from '../../../words/states.ts'
import type { Looking } from './uselooking.ts'

export function Blank({
  logs,
  looking,
  job,
}: {
  logs: LogsAnswer
  looking: Looking
  job: JobDoc | undefined
}) {
  if (!logs.isSuccess) return null
  if (logs.last > 0) return <NoMatch looking={looking} />
  const ended = job !== undefined && FINAL.has(job.state)
  return (
    <Centre>
      <Empty icon={ScrollText} title={ended ? 'This job wrote nothing' : 'No lines yet'}>
        {ended ? 'It ended without a line of log.' : 'What it prints and logs appears here as it comes.'}
      </Empty>
    </Centre>
  )
}

function NoMatch({ looking }: { looking: Looking }) {
  if (!looking.filter?.state.done) return null
  return (
    <Centre>
      <Empty icon={SearchX} title="No line is like that">
        <p className="mb-3">New lines that are appear here as they come.</p>
        <Button
          onClick={() => {
            looking.setLevels([])
            looking.ask({ only: false })
          }}
        >
          Show all lines
        </Button>
      </Empty>
    </Centre>
  )
}

function Centre({ children }: { children: React.ReactNode }) {
  return <div className="absolute inset-0 grid place-items-center">{children}</div>
}

/** How many attempts there were, by the number of the last one. */
export function attemptCount(job: JobDoc | undefined): number {
  return job?.attempt ?? 0
}
