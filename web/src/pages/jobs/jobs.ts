/** The list of jobs as the page has it. */

export type { JobsAnswer as Jobs } from '@headway/client/react'
