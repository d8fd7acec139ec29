/** Asks for the token where the server wants one; kept for this tab only. */

import { type FormEvent, useEffect, useState } from 'react'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { Field, TextInput } from '../kit/field.tsx'
import { askForTokenWith } from './headway.ts'

type Answer = (token: string) => void

export function TokenDialog() {
  const [answers, setAnswers] = useState<readonly Answer[]>([])
  const [text, setText] = useState('')
  const [wasWrong, setWrong] = useState(false)
  useEffect(() => {
    askForTokenWith(wrong => {
      setWrong(wrong)
      return new Promise(answer => setAnswers(waiting => [...waiting, answer]))
    })
  }, [])

  function give(event: FormEvent): void {
    event.preventDefault()
    for (const answer of answers) answer(text.trim())
    setAnswers([])
    setText('')
  }
  function leave(): void {
    for (const answer of answers) answer('')
    setAnswers([])
  }
  return (
    <Dialog open={answers.length > 0} onClose={leave} title="This server asks for a token">
      <form onSubmit={give} className="flex flex-col gap-3">
        <Field
          label="Token"
          error={wasWrong ? 'This server does not take that token.' : undefined}
          hint="One of those in the server's configuration. It is kept until this tab is closed."
        >
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              type="password"
              autoComplete="current-password"
              value={text}
              onChange={event => setText(event.target.value)}
              required
            />
          )}
        </Field>
        <Button weight="primary" type="submit">
          Go on
        </Button>
      </form>
    </Dialog>
  )
}
