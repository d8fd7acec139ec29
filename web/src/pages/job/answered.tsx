/** What was answered to a job that asked: the newest answers, each with its question. Nothing where none was given. */

import type { JobDoc } from '@headway/client'
import { useJobEvents } from '@headway/client/react'
import { Foreign } from '../../kit/foreign.tsx'
import { Fact, Facts, Panel } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { isObject, json } from '../../words/code.ts'
import { actionWord, type Given, givenIn } from './answers.ts'

const TYPES = ['job.input_requested', 'job.input_given']
const MOST = 5

export function Answered({ job }: { job: JobDoc }) {
  const { data = [] } = useJobEvents(job.id, { types: TYPES })
  const given = givenIn(data).slice(-MOST).toReversed()
  if (!given.length) return null
  return (
    <Panel title="What was answered">
      <ul className="flex flex-col gap-3 text-sm">
        {given.map(each => (
          <li key={each.request} className="flex flex-col gap-1">
            {each.message && (
              <p className="line-clamp-4 font-medium">
                <Foreign text={each.message} />
              </p>
            )}
            <p className="text-soft">
              {actionWord(each.action)}
              {each.by && ` by ${each.by}`} · <Time at={each.at} as="time" />
            </p>
            <Content content={each.content} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Content({ content }: Pick<Given, 'content'>) {
  if (content === undefined || content === '') return null
  if (!isObject(content)) return <Foreign text={written(content)} />
  return (
    <Facts>
      {Object.entries(content).map(([name, value]) => (
        <Fact key={name} name={name}>
          <Foreign text={written(value)} />
        </Fact>
      ))}
    </Facts>
  )
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : json(value)
}
