// What goes over the wire: frames of the viewer link, documents, and what REST takes and answers.
// Made by tools/generate_wire.py from spec/*.schema.json; change headway's own types, not this.
// Optional fields are left out rather than null. Instants are ISO 8601 texts (UTC, milliseconds); durations end in _s or _ms.

/** Any JSON object. Whole numbers beyond 2^53 in it are bigint, exact. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** What an event changes and says: `set` is merged (RFC 7396), `put` replaces whole values, `was` is the state it left. */
export interface EventData {
  readonly set?: JsonObject
  readonly put?: JsonObject
  readonly was?: JobState | null
  readonly deleted?: boolean
  /** Of `job.logged`. */
  readonly lines?: readonly Line[]
  readonly [key: string]: unknown
}

/** A log line: number, instant, level, text. */
export type Line = readonly [number: number, at: string, level: string, text: string]

/** How much an event matters. */
export type Priority = 'low' | 'normal' | 'high' | 'critical'

export type Isolation = 'shared' | 'process'

export type JobState =
  | 'scheduled'
  | 'blocked'
  | 'queued'
  | 'running'
  | 'cancelling'
  | 'completed'
  | 'failed'
  | 'cancelled'

export type NoteLevel = 'warning' | 'error'

export type Outcome =
  | 'succeeded'
  | 'errored'
  | 'rejected'
  | 'cancelled'
  | 'timed_out'
  | 'stalled'
  | 'crashed'
  | 'lost'
  | 'released'
  | 'refused'

export type Phase = 'offered' | 'started' | 'ended'

export type ReasonCode =
  | 'held'
  | 'adopted'
  | 'scheduled'
  | 'retry_scheduled'
  | 'blocked'
  | 'queue_paused'
  | 'queue_limit'
  | 'kind_limit'
  | 'key_limit'
  | 'no_worker'
  | 'no_worker_online'
  | 'kind_quarantined'
  | 'queue_not_served'
  | 'requires'
  | 'service_away'
  | 'service_full'
  | 'slots_full'
  | 'avoided'
  | 'next'
  | 'offered'
  | 'needs_input'
  | 'worker_away'

export type ServiceState = 'starting' | 'idle' | 'busy' | 'error' | 'unreachable' | 'unknown'

export type StageState = 'running' | 'completed'

export type WorkerState = 'online' | 'draining' | 'stale' | 'problem' | 'disconnected' | 'lost'

/**
 * `matched` jobs as of `seq`, on which `job` acts; its progress and result tell how far it came.
 *
 * `done` and `refused` (code -> number) where it has ended before the answer. `partial`: the search was cut at its
 * bound. `missing`: ids that no job has.
 */
export interface ActionsAnswer {
  readonly action: string
  readonly matched: number
  readonly seq: number
  readonly job?: string
  readonly dry_run?: boolean
  readonly partial?: boolean
  readonly missing?: number
  readonly done?: number
  readonly refused?: { readonly [key: string]: number }
}

/** One action for all jobs that match a query, or for those that are named. */
export interface ActionsRequest {
  readonly action: 'cancel' | 'delete' | 'hold' | 'priority' | 'release' | 'retry'
  readonly q?: string
  readonly ids?: readonly string[]
  readonly dry_run?: boolean
  readonly priority?: number
  readonly reason?: string
}

/** The definition in quarantine that was looked at: another one by now is not approved. */
export interface ApproveRequest {
  readonly definition: string
}

/** A file that an attempt left behind. */
export interface ArtifactDoc {
  readonly size: number
  /** media type */
  readonly type: string
  readonly sha256: string
  /** where it is kept */
  readonly key: string
  readonly attempt: number
  readonly at: string
}

/** One attempt. Its number is the fence (I4). */
export interface AttemptDoc {
  readonly number: number
  readonly worker: string
  /** the process of the worker that it was offered to */
  readonly instance: string
  readonly phase: Phase
  readonly offered_at: string
  readonly started_at?: string
  readonly ended_at?: string
  readonly outcome?: Outcome
  readonly counted?: boolean
  readonly error?: ErrorDoc
  /** why it ended so, in words */
  readonly reason?: string
  /** of the last statement applied, once it has ended; while it runs: SoftDoc */
  readonly n?: number
  readonly plan?: readonly StageSpec[]
  /** key: path, "parse" or "parse/inner" */
  readonly stages?: { readonly [key: string]: StageDoc }
  /** last evidence of progress */
  readonly progress_at?: string
  /** the stall clock counts from here when it is later than progress_at */
  readonly heard_from?: string
  /** its worker, asked what it runs, did not name it; the second time it is lost */
  readonly missed_at?: string
  /** adopted, and the worker's new process has not named it since: it has a lease's time to */
  readonly orphaned_at?: string
  /** of its kind, where that is pinned: the one under which it was offered */
  readonly definition?: string
  /** an executor died under this job before: give it one of its own, so that neighbours are not blamed */
  readonly alone?: boolean
  /** somebody spoke for it after it had ended */
  readonly fenced?: boolean
  /** the outcome that came too late */
  readonly late?: Outcome
}

/** Attempts in order. */
export interface AttemptList {
  readonly attempts: readonly AttemptDoc[]
}

/** What an attempt with a process of its own uses. */
export interface AttemptLoad {
  readonly job: string
  readonly attempt: number
  /** of one core */
  readonly cpu_percent: number
  readonly rss_bytes: number
}

/** A fresh token for this link; the subject must stay the same. */
export interface AuthFrame {
  readonly type: 'auth'
  readonly token: string
}

/** One part for each job, in order; how many are new; hints on kinds that nobody serves yet. */
export interface BatchAnswer {
  readonly jobs: readonly BatchPart[]
  readonly created: number
  readonly hints?: readonly string[]
}

/** The events in (`from`, `to`], in order; `conflated` of them were left out (R4). Without events: a bookmark. */
export interface BatchFrame {
  readonly type: 'batch'
  readonly id: string
  readonly from: number
  readonly to: number
  readonly now: string
  readonly conflated?: number
  readonly events?: readonly WireEvent[]
}

/** What became of one job of a batch: made (or met, `created` false), or refused for a `problem`. */
export interface BatchPart {
  readonly id?: string
  readonly created?: boolean
  readonly problem?: Problem
}

/** Server, both links: it closes the link next; come back after a time drawn from `after_ms`. */
export interface ByeFrame {
  readonly type: 'bye'
  readonly reason: string
  readonly after_ms?: readonly [low: number, high: number]
}

/** The receipt of a cancel: each step with its time; a step that was not reached is absent. */
export interface CancelDoc {
  readonly requested_at: string
  readonly requested_by?: string
  readonly reason?: string
  readonly grace_s?: number
  readonly delivered_at?: string
  readonly acknowledged_at?: string
  readonly stopped_at?: string
  readonly cleaned_at?: string
  /** done | not run */
  readonly cleaned?: string
}

/** Every link to one server. */
export interface ConnectionList {
  readonly server: string
  readonly now: string
  readonly started_at: string
  readonly viewers: readonly ViewerDoc[]
  readonly workers: readonly WorkerLinkDoc[]
}

/** A field of a document: what its row says, and what its log says. Absent: null. `entity` is job, worker, queue … */
export interface Difference {
  readonly job: string
  readonly field: string
  readonly row: unknown
  readonly log: unknown
  readonly entity?: string
}

/** How a job stands: final with its result or error, or not yet. */
export interface Ending {
  readonly id: string
  readonly state: JobState
  readonly final: boolean
  readonly reason?: string
  readonly error?: ErrorDoc
  readonly result?: unknown
}

/** What a handler raised, as text. */
export interface ErrorDoc {
  readonly type: string
  readonly message: string
  readonly traceback?: string
}

/** A request (or subscription) `id` was refused; without `id`: the link is meant. Both links. */
export interface ErrorFrame {
  readonly type: 'error'
  readonly code: string
  readonly message: string
  readonly id?: string
  readonly hint?: string
  readonly field?: string
  readonly retry_after_ms?: number
}

/**
 * Time left as a range of seconds as of `at`: an 80 % interval and the median, with its basis.
 *
 * null in a patch, absent in a document: no range can be said (a single past run).
 */
export interface EstimateDoc {
  readonly low_s?: number
  readonly p50_s: number
  readonly high_s?: number
  readonly basis: string
  readonly at: string
}

/** Events as on the live stream, in order. `next` is what to pass as `after`; null: there are no more. */
export interface EventPage {
  readonly events: readonly WireEvent[]
  readonly next: number | null
}

/** A custom event: `<prefix>.<name>` outside the reserved prefixes. */
export interface EventRequest {
  readonly type: string
  readonly data?: JsonObject
  readonly priority?: 'critical' | 'high' | 'low' | 'normal'
  readonly conflate_key?: string
  readonly job?: string
}

/** Jobs of one kind that failed in one way: `type` of the error where there is one; `job` is the newest of them. */
export interface Failing {
  readonly kind: string
  readonly reason: string
  readonly count: number
  readonly job: string
  readonly type?: string
}

/** First frame, within `hello_s`. Without `token` the cookie or header of the upgrade counts. */
export interface HelloFrame {
  readonly type: 'hello'
  readonly v?: number
  readonly token?: string
  readonly client?: string
  readonly namespace?: string
}

/** What a running job asks of people; the answer is given with the same `request`. */
export interface InputDoc {
  readonly request: string
  readonly message: string
  /** JSON Schema of the answer, or null */
  readonly schema: unknown
  readonly asked_at: string
  /** an http(s) page on which what is asked for is done */
  readonly url?: string
}

/** The answer to what a job asked for. */
export interface InputRequest {
  readonly request: string
  readonly action?: 'accept' | 'cancel' | 'decline'
  readonly content?: unknown
}

/** One job. Fields that were never set are absent. */
export interface JobDoc {
  readonly id: string
  readonly namespace: string
  readonly kind: string
  readonly queue: string
  /** higher runs first */
  readonly priority: number
  readonly labels: { readonly [key: string]: string }
  /** labels that a worker must have */
  readonly requires?: { readonly [key: string]: string }
  /** in the document only while small; the row always has it */
  readonly args?: unknown
  readonly args_bytes: number
  readonly created_at: string
  readonly submitted_by?: string
  readonly state: JobState
  readonly reason?: string
  readonly held?: boolean
  readonly run_at?: string
  readonly expires_at?: string
  readonly queued_at?: string
  readonly started_at?: string
  readonly finished_at?: string
  readonly after?: readonly string[]
  readonly parent?: string
  readonly retry_of?: string
  readonly retried_by?: string
  readonly unique?: string
  readonly unique_until?: string
  readonly limit_key?: string
  readonly adopted?: boolean
  readonly external_id?: string
  readonly options: OptionsDoc
  readonly max_attempts: number
  readonly attempt: number
  readonly tries: number
  readonly worker?: string
  /** the newest KEPT_ATTEMPTS, by number */
  readonly attempts?: { readonly [key: string]: AttemptDoc }
  readonly progress?: ProgressDoc
  /** what the handler attached to its newest progress, whole */
  readonly details?: unknown
  readonly estimate?: EstimateDoc
  /** worker -> until */
  readonly avoid?: { readonly [key: string]: string }
  readonly result?: unknown
  readonly result_bytes?: number
  readonly error?: ErrorDoc
  readonly cancel?: CancelDoc
  readonly input?: InputDoc
  readonly warnings?: number
  readonly errors?: number
  /** the newest 5 warnings and noted errors */
  readonly notes?: readonly NoteDoc[]
  readonly steps?: number
  /** the newest 10 */
  readonly last_steps?: readonly string[]
  /** the number of the newest line when its last attempt ended; meanwhile: SoftDoc, and its log */
  readonly log_lines?: number
  readonly log_cut?: string
  /** by name */
  readonly artifacts?: { readonly [key: string]: ArtifactDoc }
  readonly preview?: PreviewDoc
  /** of the last event that changed the document */
  readonly seq: number
}

/** Jobs, newest first. `next` is what to pass as `after`; `partial`: the scan was cut at its bound. */
export interface JobPage {
  readonly jobs: readonly JobDoc[]
  readonly now: string
  readonly next?: string
  readonly partial?: boolean
}

/** One job to make. Everything but `kind` has a default: the kind's own, then the server's. */
export interface JobRequest {
  readonly kind: string
  readonly args?: unknown
  readonly queue?: string
  readonly priority?: number
  readonly labels?: { readonly [key: string]: string }
  readonly requires?: { readonly [key: string]: string }
  readonly delay?: string | number
  readonly at?: string
  readonly unique?: string | Unique
  readonly after?: readonly string[]
  readonly expires?: string | number
  readonly limit_key?: string
  readonly parent?: string
  readonly max_attempts?: number
  readonly timeout?: string | number
  readonly progress_timeout?: string | number
  readonly cancel_grace?: string | number
  readonly backoff?: string | number
  readonly backoff_cap?: string | number
  readonly on_lost?: 'abort' | 'continue'
  readonly namespace?: 'default'
}

/** How much of what grows a view of a topic keeps: finished jobs, events, events of the last seconds. */
export interface Keep {
  readonly finished?: number
  readonly events?: number
  readonly window_s?: number
}

/** What a tool says of its own manners; hints, not promises. */
export interface KindAnnotations {
  readonly read_only?: boolean
  readonly destructive?: boolean
  readonly idempotent?: boolean
  readonly open_world?: boolean
}

/** What a submit of the kind need not say. */
export interface KindDefaults {
  readonly queue?: string
  readonly priority?: number
  readonly max_attempts?: number
  readonly labels?: { readonly [key: string]: string }
  readonly requires?: { readonly [key: string]: string }
  readonly expires_s?: number
  readonly options?: OptionsDoc
}

/** The newest definition of a kind, as a worker declared it; of a pinned kind the one that was approved. */
export interface KindDoc {
  readonly name: string
  readonly title?: string
  readonly description?: string
  /** JSON Schema of its arguments */
  readonly schema?: unknown
  /** JSON Schema of its result */
  readonly output?: unknown
  readonly annotations?: KindAnnotations
  /** a person is asked before a job of it is submitted */
  readonly confirm?: boolean
  readonly plan?: readonly StageSpec[]
  readonly defaults?: KindDefaults
  /** of the schema */
  readonly hash?: string
  /** pinned: hash of what an outside program says of it; jobs run only under this one */
  readonly definition?: string
  /** the newest other one, until a person approves it */
  readonly quarantine?: QuarantineDoc
  /** definitions that an alert was raised for */
  readonly seen?: readonly string[]
  readonly approved_by?: string
  readonly approved_at?: string
  /** how many of its jobs may run at once */
  readonly limit?: number
  /** the same for each `limit_key` */
  readonly key_limit?: number
  /** at run time: the code's limits do not count */
  readonly limits_set?: boolean
  readonly isolation?: Isolation
  /** its jobs need a free slot of such a service of their worker: a type, or type:name */
  readonly service?: string
  readonly cleanup?: boolean
  readonly registered_at?: string
  readonly seq?: number
}

/** Kinds by name. */
export interface KindList {
  readonly kinds: readonly KindSeen[]
}

/** How many jobs of a kind, and of one `limit_key` of it, may run at once. null: no limit. */
export interface KindRequest {
  readonly limit?: number | null
  readonly key_limit?: number | null
}

/** A kind, and whether a worker that is connected serves it. */
export interface KindSeen {
  readonly name: string
  readonly title?: string
  readonly description?: string
  /** JSON Schema of its arguments */
  readonly schema?: unknown
  /** JSON Schema of its result */
  readonly output?: unknown
  readonly annotations?: KindAnnotations
  /** a person is asked before a job of it is submitted */
  readonly confirm?: boolean
  readonly plan?: readonly StageSpec[]
  readonly defaults?: KindDefaults
  /** of the schema */
  readonly hash?: string
  /** pinned: hash of what an outside program says of it; jobs run only under this one */
  readonly definition?: string
  /** the newest other one, until a person approves it */
  readonly quarantine?: QuarantineDoc
  /** definitions that an alert was raised for */
  readonly seen?: readonly string[]
  readonly approved_by?: string
  readonly approved_at?: string
  /** how many of its jobs may run at once */
  readonly limit?: number
  /** the same for each `limit_key` */
  readonly key_limit?: number
  /** at run time: the code's limits do not count */
  readonly limits_set?: boolean
  readonly isolation?: Isolation
  /** its jobs need a free slot of such a service of their worker: a type, or type:name */
  readonly service?: string
  readonly cleanup?: boolean
  readonly registered_at?: string
  readonly seq?: number
  readonly served: boolean
}

/** One kind or queue: from submit to start, from start to end. */
export interface KindStats {
  readonly finished: number
  readonly failed: number
  readonly wait?: Spread
  readonly run?: Spread
}

/** What the server takes on this link. */
export interface Limits {
  readonly frame_bytes?: number
  readonly frames_per_s?: number
  readonly frames_burst?: number
  readonly subscriptions?: number
  readonly topics?: number
  readonly json_depth?: number
}

/** How busy a worker's machine is, as its last heartbeat said; a worker of another make may say more. */
export interface LoadDoc {
  readonly cpu_percent?: number
  readonly memory_percent?: number
  readonly gpu_percent?: number
  /** slots in use */
  readonly busy?: number
  readonly slots?: number
  readonly attempts?: readonly AttemptLoad[]
}

/** One line: its number in the job, from 1. */
export interface LogLine {
  readonly number: number
  readonly at: string
  readonly level: string
  readonly text: string
  readonly attempt: number
}

/** A host: as well as its best worker, with the slots of those that are connected. */
export interface MachineDoc {
  readonly name: string
  readonly state: WorkerState
  readonly workers: readonly string[]
  readonly slots: number
}

/** Machines by name. */
export interface MachineList {
  readonly machines: readonly MachineDoc[]
  readonly now: string
}

/** A warning, or an error that the handler went on after. */
export interface NoteDoc {
  readonly level: NoteLevel
  readonly message: string
  readonly at: string
}

/** How to run it: the kind's defaults, overridden at submit. Durations in seconds. */
export interface OptionsDoc {
  readonly timeout_s?: number
  readonly progress_timeout_s?: number
  readonly cancel_grace_s?: number
  readonly backoff_s?: number
  readonly backoff_cap_s?: number
  /** abort | continue */
  readonly on_lost?: string
}

/** At most one batch each `ms` for this subscription. */
export interface PaceFrame {
  readonly type: 'pace'
  readonly id: string
  readonly ms: number
}

/** Since when, by whom and why a queue is paused. */
export interface PauseDoc {
  readonly at: string
  readonly by?: string
  readonly reason?: string
}

/** Server, both links: I am here, at `seq`, and my clock says `now`. Answered by `pong`. */
export interface PingFrame {
  readonly type: 'ping'
  readonly now: string
  readonly seq?: number
}

/** The answer to `ping`. */
export interface PongFrame {
  readonly type: 'pong'
}

/** The newest picture of a running attempt; gone with the attempt. */
export interface PreviewDoc {
  /** counts on over all attempts of the job */
  readonly version: number
  /** media type, found in the bytes */
  readonly type: string
  readonly size: number
  /** where it is kept */
  readonly key: string
  readonly at: string
  /** what it shows, in words */
  readonly label?: string
}

/** The body of every error. */
export interface Problem {
  readonly type?: string
  readonly status: number
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly field?: string
  readonly retry_after_s?: number
}

/** What was wrong with a worker, and when. */
export interface ProblemNote {
  readonly problem: string
  readonly at: string
}

/** Of the current attempt. Every progress event sets all of these, so an older one may be dropped unseen (R4). */
export interface ProgressDoc {
  /** 0..1, never decreases within an attempt, 1.0 only when completed; null: unknown */
  readonly overall?: number
  readonly stage?: string
  readonly current?: number
  readonly total?: number
  readonly unit?: string
  readonly message?: string
  readonly at: string
}

/** Another definition of a kind than the pinned one, as a worker told it; nothing of it is in use. */
export interface QuarantineDoc {
  /** empty: the worker tells none any more */
  readonly definition?: string
  readonly title?: string
  readonly description?: string
  readonly schema?: unknown
  readonly output?: unknown
  readonly annotations?: KindAnnotations
  readonly confirm?: boolean
  readonly plan?: readonly StageSpec[]
  readonly defaults?: KindDefaults
  readonly hash?: string
  readonly limit?: number
  readonly key_limit?: number
  readonly isolation?: Isolation
  readonly service?: string
  readonly cleanup?: boolean
  /** that told it */
  readonly worker?: string
  readonly seen_at?: string
}

/** A queue: exact number of jobs by state, and what was set on it. */
export interface QueueDoc {
  readonly name: string
  readonly counts: { readonly [key: string]: number }
  readonly paused?: PauseDoc
  readonly limit?: number
}

/** Queues by name. */
export interface QueueList {
  readonly queues: readonly QueueDoc[]
}

/** What to change of a queue. `limit` null: no limit; `paused` false: go on. */
export interface QueueRequest {
  readonly paused?: boolean
  readonly reason?: string
  readonly limit?: number | null
}

/** One obstacle: a sentence, the way out, and the facts it was said from, as its code has them. */
export interface Reason {
  readonly code: ReasonCode
  readonly text: string
  /** the way out, where there is one */
  readonly hint?: string
  /** id -> what keeps it from the job; of `next`: those that are free */
  readonly workers?: JsonObject | readonly string[]
  /** that it waits for -> state */
  readonly jobs?: { readonly [key: string]: string }
  /** workers or jobs that are not named */
  readonly more?: number
  readonly queue?: string
  readonly kind?: string
  /** that it needs a free slot of: a type, or type:name */
  readonly service?: string
  readonly limit_key?: string
  readonly limit?: number
  /** that count toward the limit */
  readonly running?: number
  readonly paused?: PauseDoc
  readonly requires?: { readonly [key: string]: string }
  readonly run_at?: string
  /** until then */
  readonly left_s?: number
  /** when the first of the avoided workers is asked again */
  readonly until?: string
  /** that ended */
  readonly attempt?: number
  readonly outcome?: string
  readonly error?: ErrorDoc
  readonly worker?: string
  /** of the worker */
  readonly state?: string
  readonly offered_at?: string
  /** that an answer is waited for */
  readonly request?: string
  readonly external_id?: string
}

/** A command over the link (`job.cancel`, `job.submit` …): the checks and errors of REST. `key` makes it idempotent. */
export interface RequestFrame {
  readonly type: 'request'
  readonly id: string
  readonly method: string
  readonly params?: JsonObject
  readonly key?: string
}

/** What the viewer has is not to be continued; a snapshot follows. `reason`: epoch expired permission slow schema. */
export interface ResetFrame {
  readonly type: 'reset'
  readonly id: string
  readonly epoch: string
  readonly reason: string
}

/** A request was carried out. */
export interface ResponseFrame {
  readonly type: 'response'
  readonly id: string
  readonly result?: unknown
}

/** One view or template. A view's body is `{q, sort?, pinned?}`, a template's `{kind, args?, options?}`. */
export interface SavedDoc {
  /** section/name */
  readonly id: string
  /** views | templates */
  readonly section: 'views' | 'templates'
  readonly name: string
  /** who stored it last */
  readonly owner: string | null
  readonly body: JsonObject
  readonly stored_at: string
  readonly seq?: number
}

/** One server on this log, as it last said of itself; `age_s` ago. */
export interface ServerDoc {
  readonly id: string
  readonly age_s: number
  readonly version: string
  readonly machine: string
  readonly address: string
  readonly started_at?: string
  readonly viewers: number
  readonly workers?: number
  /** that it knew of */
  readonly seq: number
}

/** Servers by id; which of them leads, and which one was asked. */
export interface ServerList {
  readonly servers: readonly ServerDoc[]
  readonly leader: string | null
  readonly asked: string
  readonly now: string
}

/** One engine behind a worker; more fields are its worker's own. */
export interface ServiceDoc {
  /** worker/name */
  readonly id: string
  /** of its worker */
  readonly namespace?: string
  readonly name: string
  readonly worker: string
  readonly type: string
  readonly status: ServiceState
  /** how many jobs it takes at once */
  readonly slots: number
  readonly error?: string
  /** why it is in this status */
  readonly reason?: string
  /** that it works on */
  readonly job?: string
  readonly url?: string
  readonly version?: string
  /** since when it is in this status */
  readonly changed_at: string
  /** its last sign of life, by the server's clock */
  readonly seen_at?: string
  /** since when its worker, which speaks of others, names it no more; lists for people leave it out */
  readonly gone_at?: string
  /** how busy it is, in words of its type */
  readonly load?: JsonObject
  readonly seq?: number
}

/** Services by worker and name. */
export interface ServiceList {
  readonly services: readonly ServiceSeen[]
  readonly now: string
}

/** A service, and how long ago its engine last gave a sign of life. */
export interface ServiceSeen {
  /** worker/name */
  readonly id: string
  /** of its worker */
  readonly namespace?: string
  readonly name: string
  readonly worker: string
  readonly type: string
  readonly status: ServiceState
  /** how many jobs it takes at once */
  readonly slots: number
  readonly error?: string
  /** why it is in this status */
  readonly reason?: string
  /** that it works on */
  readonly job?: string
  readonly url?: string
  readonly version?: string
  /** since when it is in this status */
  readonly changed_at: string
  /** its last sign of life, by the server's clock */
  readonly seen_at?: string
  /** since when its worker, which speaks of others, names it no more; lists for people leave it out */
  readonly gone_at?: string
  /** how busy it is, in words of its type */
  readonly load?: JsonObject
  readonly seq?: number
  readonly age_s?: number
}

/** What somebody set on a queue; a queue that nothing was set on has no document. */
export interface SetQueueDoc {
  readonly name: string
  readonly paused?: PauseDoc
  /** how many of its jobs may run at once */
  readonly limit?: number
  readonly seq?: number
}

/**
 * One page of the state at `seq`; nothing counts before the page with `more` false (R5).
 *
 * `topics` maps each topic to its data, in one shape for all (`TopicData` in viewing.py). Pages of one snapshot
 * have the same `seq` and count from 0.
 */
export interface SnapshotFrame {
  readonly type: 'snapshot'
  readonly id: string
  readonly seq: number
  readonly now: string
  readonly page?: number
  readonly more?: boolean
  readonly topics?: { readonly [topic: string]: TopicData }
}

/** Percentiles of seconds, over `count` jobs. */
export interface Spread {
  readonly count: number
  readonly p50_s: number
  readonly p95_s: number
  readonly p99_s: number
}

/** Progress of one stage. `fraction` in 0..1, absent while it is indeterminate. */
export interface StageDoc {
  readonly state: StageState
  readonly current?: number
  readonly total?: number
  readonly unit?: string
  readonly message?: string
  readonly fraction?: number
  readonly started_at: string
  readonly ended_at?: string
  /** when its count passed half, and `half` is the fraction it then had (estimate.py) */
  readonly half_at?: string
  readonly half?: number
}

/** One stage of a plan; `weight` > 0 is its share among its siblings. */
export interface StageSpec {
  readonly name: string
  readonly weight: number
  /** while this stage runs, instead of the job's */
  readonly progress_timeout_s?: number
  readonly stages?: readonly StageSpec[]
}

/** Of jobs made in the window (`since` to `now`) that match the filter. `counts` is of all jobs, by queue and state. */
export interface Stats {
  readonly now: string
  readonly since: string
  readonly counts: { readonly [key: string]: { readonly [key: string]: number } }
  readonly finished: number
  readonly per_minute: number
  readonly kinds: { readonly [key: string]: KindStats }
  readonly queues: { readonly [key: string]: KindStats }
  readonly failures: { readonly [key: string]: number }
  readonly failing: readonly Failing[]
  readonly partial?: boolean
}

/** The job's id; `created` false: a job with this unique key was there already. `hint`: what it may wait for. */
export interface Submitted {
  readonly id: string
  readonly created: boolean
  readonly hint?: string
}

/**
 * Follow `topics` as one view with one cursor (R2). The same `id` again replaces the subscription.
 *
 * `since` a cursor: resume; `want` "snapshot" asks for one in any case, "events" never gets one. `types` and
 * `min_priority` narrow, and are allowed only with "events": a view made of part of the events would be wrong.
 */
export interface SubscribeFrame {
  readonly type: 'subscribe'
  readonly id: string
  readonly topics: readonly string[]
  readonly since?: string
  readonly want?: 'auto' | 'events' | 'snapshot'
  readonly conflate?: boolean
  readonly pace_ms?: number
  readonly types?: readonly string[]
  readonly min_priority?: 'critical' | 'high' | 'low' | 'normal'
}

/** A subscription of a viewer, and the seq it stands at. */
export interface SubscriptionDoc {
  readonly id: string
  readonly topics: readonly string[]
  readonly at: number
  readonly state: string
}

/** A job to make again: its kind, some or all of its arguments, and options as a submit has them. */
export interface TemplateRequest {
  readonly kind: string
  readonly args?: JsonObject
  readonly options?: JsonObject
}

/**
 * What a snapshot says of one topic; every topic has this shape. Pages add up (`joined`).
 *
 * `documents`: entity (first word of event types) -> id -> document; `counts`: queue -> state -> number, null: not
 * known for this topic; `events`: what the view keeps, oldest first; `lines` the newest, of `first`..`last`;
 * `capped`: there are more documents than these.
 */
export interface TopicData {
  readonly documents?: { readonly [entity: string]: { readonly [id: string]: JsonObject } }
  readonly counts?: { readonly [key: string]: { readonly [key: string]: number } }
  readonly events?: readonly WireEvent[]
  readonly lines?: readonly Line[]
  readonly first?: number
  readonly last?: number
  readonly keep?: Keep
  readonly capped?: boolean
}

/** A key that one unfinished job holds, or, with `ttl`, the newest job for that long. */
export interface Unique {
  readonly key: string
  readonly ttl?: string | number
}

/** End of a subscription. */
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe'
  readonly id: string
}

/** What was compared, and what differs: `different` in number, the first of them listed; `skipped` with its reason. */
export interface Verified {
  readonly jobs?: number
  readonly documents?: number
  readonly events?: number
  readonly different?: number
  readonly differences?: readonly Difference[]
  readonly skipped?: { readonly [key: string]: string }
}

/** A filter to keep under a name. `sort` is a word of the page's own; a pinned one is always in sight. */
export interface ViewRequest {
  readonly q: string
  readonly sort?: string
  readonly pinned?: boolean
}

/** A viewer's link. */
export interface ViewerDoc {
  readonly server: string
  readonly id: string
  readonly address: string
  readonly transport: string
  readonly subject: string | null
  readonly connected_s: number
  readonly heard_s: number
  readonly subscriptions: readonly SubscriptionDoc[]
  /** bytes that it has not drained yet */
  readonly buffered: number
}

/** Whether somebody looks (R6): decides how often the server pings; answered by a `ping` at once, so a probe too. */
export interface VisibleFrame {
  readonly type: 'visible'
  readonly visible: boolean
}

/** The answer to `hello`: this log (`epoch`) stands at `seq`. */
export interface WelcomeFrame {
  readonly type: 'welcome'
  readonly session: string
  readonly epoch: string
  readonly seq: number
  readonly now: string
  readonly ping_s: number
  readonly token_ttl_s?: number
  readonly limits?: Limits
  readonly server?: string
}

/**
 * What keeps a job from running at `seq`, what it itself waits for first; none where it runs or has ended. Each with
 * `code`, `text`, `hint` (the way out, where there is one), and the facts behind it.
 */
export interface Why {
  readonly job: string
  readonly state: JobState
  readonly reasons: readonly Reason[]
  readonly seq: number
  readonly partial?: boolean
}

/** The envelope. An absent `subject` is the job of a `job.*` event, and nothing of others. */
export interface WireEvent {
  readonly seq: number
  readonly at: string
  readonly type: string
  readonly namespace: string
  readonly priority: Priority
  readonly job?: string
  readonly attempt?: number
  readonly worker?: string
  readonly queue?: string
  readonly kind?: string
  readonly labels?: { readonly [key: string]: string }
  readonly subject?: string
  readonly data: EventData
}

/** One worker: its hello, and what became of its link. */
export interface WorkerDoc {
  readonly id: string
  readonly namespace: string
  readonly name?: string
  readonly machine?: string
  readonly version?: string
  readonly python?: string
  readonly platform?: string
  /** of the machine's last start */
  readonly boot_id?: string
  /** random per process */
  readonly instance?: string
  readonly pid?: number
  readonly labels?: { readonly [key: string]: string }
  /** a server itself, which does what it does as jobs: nobody's worker */
  readonly internal?: boolean
  readonly slots?: number
  readonly kinds?: readonly string[]
  /** kind -> hash of what its program says of it, as told last; of kinds that are pinned */
  readonly definitions?: { readonly [key: string]: string }
  /** those it takes work from; absent or empty: all */
  readonly queues?: readonly string[]
  readonly state: WorkerState
  /** since when it is in this state */
  readonly state_at?: string
  /** that its link leads to */
  readonly server?: string
  /** why its link ended */
  readonly reason?: string
  readonly connected_at?: string
  readonly disconnected_at?: string
  /** it said goodbye and holds nothing: it will not be lost */
  readonly left_at?: string
  readonly stale_at?: string
  readonly lost_at?: string
  readonly heard_at?: string
  readonly draining?: boolean
  readonly drained_by?: string
  /** the newest 5 */
  readonly problems?: readonly ProblemNote[]
  readonly load?: LoadDoc
  /** each 10 s of the last 10 min -> [cpu %, memory %, gpu %] */
  readonly load_series?: { readonly [key: string]: readonly (number | null)[] }
  readonly seq?: number
}

/** A worker's link. */
export interface WorkerLinkDoc {
  readonly server: string
  readonly worker: string | null
  readonly machine: string | null
  readonly address: string
  readonly phase: string
  readonly connected_s: number
  readonly heard_s: number
}

/** Workers by id. */
export interface WorkerList {
  readonly workers: readonly WorkerSeen[]
  readonly now: string
}

/** A worker, and how long ago anything was heard of it. */
export interface WorkerSeen {
  readonly id: string
  readonly namespace: string
  readonly name?: string
  readonly machine?: string
  readonly version?: string
  readonly python?: string
  readonly platform?: string
  /** of the machine's last start */
  readonly boot_id?: string
  /** random per process */
  readonly instance?: string
  readonly pid?: number
  readonly labels?: { readonly [key: string]: string }
  /** a server itself, which does what it does as jobs: nobody's worker */
  readonly internal?: boolean
  readonly slots?: number
  readonly kinds?: readonly string[]
  /** kind -> hash of what its program says of it, as told last; of kinds that are pinned */
  readonly definitions?: { readonly [key: string]: string }
  /** those it takes work from; absent or empty: all */
  readonly queues?: readonly string[]
  readonly state: WorkerState
  /** since when it is in this state */
  readonly state_at?: string
  /** that its link leads to */
  readonly server?: string
  /** why its link ended */
  readonly reason?: string
  readonly connected_at?: string
  readonly disconnected_at?: string
  /** it said goodbye and holds nothing: it will not be lost */
  readonly left_at?: string
  readonly stale_at?: string
  readonly lost_at?: string
  readonly heard_at?: string
  readonly draining?: boolean
  readonly drained_by?: string
  /** the newest 5 */
  readonly problems?: readonly ProblemNote[]
  readonly load?: LoadDoc
  /** each 10 s of the last 10 min -> [cpu %, memory %, gpu %] */
  readonly load_series?: { readonly [key: string]: readonly (number | null)[] }
  readonly seq?: number
  readonly age_s?: number
}

/** What a viewer sends. */
export type ViewerFrame =
  | HelloFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | PaceFrame
  | VisibleFrame
  | PongFrame
  | AuthFrame
  | RequestFrame

/** What the server sends to a viewer. */
export type ServerFrame =
  | WelcomeFrame
  | SnapshotFrame
  | BatchFrame
  | ResetFrame
  | ResponseFrame
  | ErrorFrame
  | PingFrame
  | ByeFrame
