/**
 * `@headway/client/react`: hooks on the client, each one live. The core never imports this.
 */
export type { Answer } from './answer.ts'
export { useNow } from './clock.ts'
export { type ConnectionAnswer, useConnection } from './connection.ts'
export { type Seen, type TopicOptions, useKinds, useSaved, useTopic } from './documents.ts'
export { type EventsAnswer, type EventsOptions, useJobEvents } from './events.ts'
export { type MachineNode, useWorkers, type WorkerNode } from './fleet.ts'
export { useFreshness } from './freshness.ts'
export { type JobAnswer, type JobFacts, type JobOptions, useJob } from './job.ts'
export { type JobsAnswer, type JobsOptions, useJobList, useJobRow, useJobs } from './jobs.ts'
export { type LogsAnswer, useJobLogs } from './logs.ts'
export { type PreviewAnswer, usePreview } from './preview.ts'
export { JobProgress, type JobProgressProps } from './progress.tsx'
export { HeadwayProvider, useHeadway } from './provider.ts'
export { type QueueRow, useQueue, useQueues } from './queues.ts'
export { type SubmitAnswer, useSubmit } from './submit.ts'
