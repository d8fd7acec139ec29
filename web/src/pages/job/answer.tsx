/** What a running job asks of people, as a form; accepted with an answer, or declined. */

import type { JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { MessageCircleQuestion } from 'lucide-react'
import { type FormEvent, useMemo, useState } from 'react'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Age } from '../../kit/time.tsx'
import { SchemaFields } from '../new/fields.tsx'
import { answerForm, answerOf } from './answering.ts'

export function AnswerInput({ job }: { job: JobDoc }) {
  return job.input ? <Question key={job.input.request} id={job.id} input={job.input} /> : null
}

function Question({ id, input }: { id: string; input: NonNullable<JobDoc['input']> }) {
  const headway = useHeadway()
  const form = useMemo(() => answerForm(input.schema), [input.schema])
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({})
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({})
  const [sending, setSending] = useState(false)

  async function send(action: 'accept' | 'decline', content?: unknown): Promise<void> {
    setSending(true)
    const answer = { request: input.request, action, ...(content === undefined ? {} : { content }) }
    await tell(headway.answer(id, answer), action === 'accept' ? 'Answered' : 'Declined')
    setSending(false)
  }
  function submit(event: FormEvent): void {
    event.preventDefault()
    const { content, errors: found } = answerOf(form, typed)
    setErrors(found)
    if (!Object.keys(found).length) void send('accept', content)
  }
  function type(name: string, text: string | undefined): void {
    const { [name]: _, ...others } = typed
    setTyped(text === undefined ? others : { ...others, [name]: text })
  }
  return (
    <form
      onSubmit={submit}
      aria-labelledby="asks"
      data-tone="warn"
      className="tone flex flex-col gap-3 rounded-lg border border-[var(--tone)] bg-card p-3 sm:p-4"
    >
      <header className="flex items-start gap-2">
        <MessageCircleQuestion aria-hidden size={18} className="tone-text mt-0.5 shrink-0" />
        <div className="min-w-0 flex-1">
          <h2 id="asks" className="text-sm font-semibold break-words whitespace-pre-wrap">
            {input.message}
          </h2>
          <p className="text-xs text-soft">
            It waits for your answer since <Age since={input.asked_at} />.
          </p>
        </div>
      </header>
      <div className="max-w-xl">
        <SchemaFields fields={form.fields} typed={typed} errors={errors} onType={type} />
      </div>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" weight="primary" busy={sending}>
          Answer
        </Button>
        <Button disabled={sending} onClick={() => send('decline')}>
          Decline
        </Button>
      </div>
    </form>
  )
}
