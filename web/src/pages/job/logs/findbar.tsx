/** The field to search a log with: text or pattern, count, steps, and "only these". Must never know how it is searched. */
import { CaseSensitive, ChevronDown, ChevronUp, ListFilter, Regex, Search, X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, type RefObject, useId } from 'react'
import { Button, type ButtonProps } from '../../../kit/button.tsx'

/** A button that stays pressed. */
export function Toggle({ pressed, className = '', ...rest }: ButtonProps & { pressed: boolean }) {
  return (
    <Button
      weight="quiet"
      aria-pressed={pressed}
      className={`aria-pressed:bg-selected aria-pressed:text-accent ${className}`}
      {...rest}
    />
  )
}

export interface Asked {
  readonly text: string
  readonly isPattern: boolean
  readonly matchCase: boolean
  readonly only: boolean
}

interface FindBarProps {
  readonly input: RefObject<HTMLInputElement | null>
  readonly asked: Asked
  readonly onAsk: (change: Partial<Asked>) => void
  readonly onStep: (back: boolean) => void
  readonly onLeave: () => void
  readonly says: ReactNode
  readonly problem: string | undefined
}

export function FindBar({ input, asked, onAsk, onStep, onLeave, says, problem }: FindBarProps) {
  const about = useId()
  function pressed(event: KeyboardEvent): void {
    if (event.key === 'Enter') onStep(event.shiftKey)
    else if (event.key === 'Escape') onLeave()
    else return
    event.preventDefault()
  }
  return (
    <div className="flex min-w-0 flex-1 basis-72 items-center gap-1">
      <div className="flex h-8 min-w-0 flex-1 items-center gap-1 rounded-md border border-line-strong bg-card pr-1 pl-2 focus-within:outline-2 focus-within:outline-accent">
        <Search aria-hidden size={14} className="shrink-0 text-soft" />
        <input
          ref={input}
          type="search"
          aria-label="Search the log"
          aria-describedby={about}
          aria-invalid={problem !== undefined}
          placeholder="Search the log"
          autoComplete="off"
          spellCheck={false}
          value={asked.text}
          onChange={event => onAsk({ text: event.target.value })}
          onKeyDown={pressed}
          className="h-full min-w-0 flex-1 bg-transparent text-sm outline-none placeholder:text-soft [&::-webkit-search-cancel-button]:hidden"
        />
        <span
          id={about}
          className={`max-w-[45%] shrink-0 truncate text-xs ${problem ? 'text-failed' : 'text-soft'}`}
          title={problem}
        >
          {problem ?? says}
        </span>
        {asked.text && (
          <Button
            small
            weight="quiet"
            icon={X}
            label="Clear the search"
            onClick={() => onAsk({ text: '', only: false })}
          />
        )}
        <Toggle
          small
          icon={CaseSensitive}
          label="Match capitals"
          pressed={asked.matchCase}
          onClick={() => onAsk({ matchCase: !asked.matchCase })}
        />
        <Toggle
          small
          icon={Regex}
          label="Regular expression"
          pressed={asked.isPattern}
          onClick={() => onAsk({ isPattern: !asked.isPattern })}
        />
      </div>
      <Button
        small
        weight="quiet"
        icon={ChevronUp}
        label="Previous match"
        disabled={!asked.text}
        onClick={() => onStep(true)}
      />
      <Button
        small
        weight="quiet"
        icon={ChevronDown}
        label="Next match"
        disabled={!asked.text}
        onClick={() => onStep(false)}
      />
      <Toggle
        small
        icon={ListFilter}
        label="Only lines that match"
        pressed={asked.only}
        disabled={!asked.text}
        onClick={() => onAsk({ only: !asked.only })}
      />
    </div>
  )
}
