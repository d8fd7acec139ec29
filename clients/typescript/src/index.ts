/**
 * The public face of `@headway/client`: the client, its errors, the live half, the filter language, and the types of the wire.
 *
 * Everything is named here once; what is not, is nobody's business and may change. The React hooks are in `./react`.
 */
export { createHeadway, type EmitOptions, Headway, type HeadwayOptions, type Task } from './client.ts'
export type { Admin, Kinds, Queues, Saved, SavedOf, Section, Sections, Workers } from './desks.ts'
export { durationText, parseDuration, parseInstant } from './duration.ts'
export {
  type ErrorFacts,
  errorOf,
  Forbidden,
  HeadwayError,
  InvalidInput,
  JobCancelled,
  JobError,
  JobFailed,
  JobLost,
  JobTimedOut,
  NotFound,
  Refused,
  Unauthorized,
  Unavailable,
  Unreachable,
} from './errors.ts'
export { failureOf, isAbort } from './failing.ts'
export {
  format,
  KEYS,
  type Key,
  live,
  matches,
  parse,
  type Query,
  quoted,
  quotedWhereNeeded,
  STATES,
  TEXT,
  type Term,
  unquoted,
  type ValueKind,
} from './filter.ts'
export { type Caret, caretAt, type Span, type Token as FilterToken, tokens } from './filtertokens.ts'
export { type Document, fold, merge } from './fold.ts'
export { JobHandle } from './job.ts'
export type { FollowEvents } from './jobevents.ts'
export { JobList, type ListOptions, type ListSources } from './joblist.ts'
export { JobLog, type LogSources, type LogState } from './joblog.ts'
export type {
  JobRef,
  Jobs,
  ListQuery,
  LogQuery,
  ResultOptions,
  SubmitOptions,
  SubmitRequest,
} from './jobs.ts'
export { parse as parseJson, stringify as stringifyJson } from './json.ts'
export { SORTS, type Sort } from './listorder.ts'
export { type Counts, FINAL } from './listquery.ts'
export type { ListState } from './liststate.ts'
export {
  type Change,
  type Connection,
  type ConnectionState,
  type Followed,
  type FollowOptions,
  Live,
  type LiveOptions,
  type Readable,
} from './live.ts'
export type { LineTest, LogSearch, SearchState, Wanted } from './logsearch.ts'
export { type Freshness, Paces, type Sign, signOf } from './quiet.ts'
export type { CallOptions, Rest, RestOptions } from './rest.ts'
export { attemptsOf, currentAttempt, type StageRow, stagesOf } from './stages.ts'
export type { Token } from './token.ts'
export type { Documents, TopicView } from './topicview.ts'
export type { View } from './viewing.ts'
export type * from './wire.ts'
