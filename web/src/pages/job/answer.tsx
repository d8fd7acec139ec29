/** What a running job asks of people, as a form or as a page to open; accepted with an answer, declined, or cancelled. */

import type { JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { MessageCircleQuestion } from 'lucide-react'
import { type FormEvent, useMemo, useRef, useState } from 'react'
import { done } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { Problem } from '../../kit/panel.tsx'
import { Lasting } from '../../kit/time.tsx'
import { isObject } from '../../words/code.ts'
import { SchemaFields } from '../new/fields.tsx'
import { AddressLine, OpenLink, PlainAddress } from './addressline.tsx'
import { type AnswerForm, answerForm, answerOf, placeOf } from './answering.ts'
import { webAddress } from './webaddress.ts'

export function AnswerInput({ job }: { job: JobDoc }) {
  return job.input && job.state === 'running' ? (
    <Question key={job.input.request} id={job.id} input={job.input} />
  ) : null
}

type Input = NonNullable<JobDoc['input']>
type Action = 'accept' | 'decline' | 'cancel'

const DONE: Readonly<Record<Action, string>> = {
  accept: 'Answered',
  decline: 'Declined',
  cancel: 'The question is cancelled',
}
const NO_FIELDS: AnswerForm = { fields: [], single: false }

function Question({ id, input }: { id: string; input: Input }) {
  const headway = useHeadway()
  const hasForm = input.url === undefined || isObject(input.schema)
  const form = useMemo(() => (hasForm ? answerForm(input.schema) : NO_FIELDS), [input.schema, hasForm])
  const element = useRef<HTMLFormElement>(null)
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({})
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({})
  const [refused, setRefused] = useState<unknown>()
  const [sending, setSending] = useState(false)

  async function send(action: Action, content?: unknown): Promise<void> {
    setSending(true)
    setRefused(undefined)
    try {
      await headway.answer(id, {
        request: input.request,
        action,
        ...(content === undefined ? {} : { content }),
      })
      done(DONE[action])
    } catch (error) {
      const place = placeOf(form, error)
      if (place) show({ [place.field]: place.message })
      else setRefused(error)
    } finally {
      setSending(false)
    }
  }
  /** What is wrong stands at its field, which gets the focus. */
  function show(found: Readonly<Record<string, string>>): void {
    setErrors(found)
    requestAnimationFrame(() => element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }
  function submit(event: FormEvent): void {
    event.preventDefault()
    if (!hasForm) {
      void send('accept')
      return
    }
    const { content, errors: found } = answerOf(form, typed)
    if (Object.keys(found).length) show(found)
    else {
      setErrors({})
      void send('accept', content)
    }
  }
  function type(name: string, text: string | undefined): void {
    const { [name]: _, ...others } = typed
    setTyped(text === undefined ? others : { ...others, [name]: text })
    const { [name]: mended, ...wrong } = errors
    if (mended !== undefined) setErrors(wrong)
  }
  return (
    <form
      ref={element}
      onSubmit={submit}
      noValidate
      aria-labelledby="asks"
      data-tone="warn"
      className="tone flex flex-col gap-3 rounded-lg border border-[var(--tone)] bg-card p-3 sm:p-4"
    >
      <header className="flex items-start gap-2">
        <MessageCircleQuestion aria-hidden size={18} className="tone-text mt-0.5 shrink-0" />
        <div className="min-w-0 flex-1">
          <h2 id="asks" className="max-h-60 overflow-y-auto text-sm font-semibold">
            <Foreign text={input.message} />
          </h2>
          <p className="text-xs text-soft">
            It has waited for your answer for <Lasting since={input.asked_at} />.
          </p>
        </div>
      </header>
      {input.url !== undefined && <PageToOpen url={input.url} />}
      {form.fields.length > 0 && (
        <div className="max-w-xl">
          <SchemaFields isTitled fields={form.fields} typed={typed} errors={errors} onType={type} />
        </div>
      )}
      {refused !== undefined && <Problem error={refused} />}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" weight="primary" busy={sending}>
          {hasForm ? 'Answer' : 'It is done'}
        </Button>
        <Button disabled={sending} onClick={() => send('decline')}>
          Decline
        </Button>
        <Button weight="quiet" disabled={sending} onClick={() => send('cancel')}>
          Cancel the question
        </Button>
      </div>
    </form>
  )
}

/** A page of somebody else's on which it is done: shown whole before anybody goes there. */
function PageToOpen({ url }: { url: string }) {
  const address = webAddress(url)
  if (!address) {
    return (
      <div className="flex flex-col gap-1 text-sm">
        <PlainAddress text={url} />
        <p className="text-xs text-soft">This is no address of the web: it is not opened from here.</p>
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-2">
      <AddressLine address={address} />
      <p className="text-sm text-soft">
        Look at the address first. It opens in a window of its own; say here when it is done there.
      </p>
      <span className="flex min-w-0">
        <OpenLink address={address} />
      </span>
    </div>
  )
}
