/**
 * Everything but jobs by REST: queues, kinds, workers, what is saved, and what administrators ask. One small class each.
 *
 * Knows paths and shapes; must never know links or how calls travel.
 */
import type { CallOptions, Rest } from './rest.ts'
import type {
  ActionsAnswer,
  ConnectionList,
  KindList,
  KindRequest,
  KindSeen,
  MachineDoc,
  MachineList,
  QueueDoc,
  QueueList,
  QueueRequest,
  SavedDoc,
  ServerList,
  ServiceDoc,
  ServiceList,
  TemplateRequest,
  Verified,
  ViewRequest,
  WorkerList,
  WorkerSeen,
} from './wire.ts'

class Desk {
  protected readonly rest: Rest

  constructor(rest: Rest) {
    this.rest = rest
  }
}

/** Queues: what they hold, pause, limit, clear. */
export class Queues extends Desk {
  async list(options: CallOptions = {}): Promise<readonly QueueDoc[]> {
    return (await this.rest.get<QueueList>('/queues', options)).queues
  }

  get(name: string, options: CallOptions = {}): Promise<QueueDoc> {
    return this.rest.get(at('queues', name), options)
  }

  /** `paused` true: nothing is offered from it, what runs goes on; `limit`: how many may run at once, null: no limit. */
  change(name: string, change: QueueRequest, options: CallOptions = {}): Promise<QueueDoc> {
    return this.rest.call('PATCH', at('queues', name), { ...options, body: change })
  }

  /** Cancel what waits in it. */
  clear(name: string, options: CallOptions = {}): Promise<ActionsAnswer> {
    return this.rest.call('POST', at('queues', name, 'clear'), options)
  }
}

/** Kinds that workers have declared. */
export class Kinds extends Desk {
  async list(options: CallOptions = {}): Promise<readonly KindSeen[]> {
    return (await this.rest.get<KindList>('/kinds', options)).kinds
  }

  get(name: string, options: CallOptions = {}): Promise<KindSeen> {
    return this.rest.get(at('kinds', name), options)
  }

  /** How many of its jobs may run at once; both limits are set, one that is left out is none. */
  change(name: string, change: KindRequest, options: CallOptions = {}): Promise<KindSeen> {
    return this.rest.call('PATCH', at('kinds', name), { ...options, body: change })
  }

  /** Take the definition that is in quarantine, by its hash as it was looked at: another one since then is refused. */
  approve(name: string, definition: string, options: CallOptions = {}): Promise<KindSeen> {
    return this.rest.call('POST', at('kinds', name, 'approve'), { ...options, body: { definition } })
  }
}

/** Workers, their machines, and the services behind them. */
export class Workers extends Desk {
  async list(options: CallOptions = {}): Promise<readonly WorkerSeen[]> {
    return (await this.rest.get<WorkerList>('/workers', options)).workers
  }

  get(id: string, options: CallOptions = {}): Promise<WorkerSeen> {
    return this.rest.get(at('workers', id), options)
  }

  async machines(options: CallOptions = {}): Promise<readonly MachineDoc[]> {
    return (await this.rest.get<MachineList>('/machines', options)).machines
  }

  async services(options: CallOptions = {}): Promise<readonly ServiceDoc[]> {
    return (await this.rest.get<ServiceList>('/services', options)).services
  }

  /** No more work for it; it leaves when what it runs has ended. */
  drain(id: string, options: CallOptions = {}): Promise<WorkerSeen> {
    return this.rest.call('POST', at('workers', id, 'drain'), options)
  }

  /** Close its link for good. */
  disconnect(id: string, options: CallOptions = {}): Promise<WorkerSeen> {
    return this.rest.call('POST', at('workers', id, 'disconnect'), options)
  }

  /** Close its link and have it say hello again. */
  repair(id: string, options: CallOptions = {}): Promise<WorkerSeen> {
    return this.rest.call('POST', at('workers', id, 'repair'), options)
  }
}

/** What is kept in each section: filters under a name, and jobs to make again. */
export interface Sections {
  readonly views: ViewRequest
  readonly templates: TemplateRequest
}
export type Section = keyof Sections
export type SavedOf<S extends Section> = SavedDoc & { readonly section: S; readonly body: Sections[S] }

/** Views and templates, kept on the server for everybody. */
export class Saved extends Desk {
  async list<S extends Section>(section: S, options: CallOptions = {}): Promise<readonly SavedOf<S>[]> {
    return (await this.rest.get<{ saved: readonly SavedOf<S>[] }>(at('saved', section), options)).saved
  }

  get<S extends Section>(section: S, name: string, options: CallOptions = {}): Promise<SavedOf<S>> {
    return this.rest.get(at('saved', section, name), options)
  }

  /** Keep it, in place of what had this name. */
  put<S extends Section>(
    section: S,
    name: string,
    body: Sections[S],
    options: CallOptions = {},
  ): Promise<SavedOf<S>> {
    return this.rest.call('PUT', at('saved', section, name), { ...options, body })
  }

  remove(section: Section, name: string, options: CallOptions = {}): Promise<void> {
    return this.rest.call('DELETE', at('saved', section, name), options)
  }
}

/** For administrators. */
export class Admin extends Desk {
  servers(options: CallOptions = {}): Promise<ServerList> {
    return this.rest.get('/admin/servers', options)
  }

  /** Every link to the server that answers. */
  connections(options: CallOptions = {}): Promise<ConnectionList> {
    return this.rest.get('/admin/connections', options)
  }

  /** Cut a viewer's link. */
  cut(connection: string, options: CallOptions = {}): Promise<void> {
    return this.rest.call('DELETE', at('admin', 'connections', connection), options)
  }

  /** A sentence for everybody who looks. */
  announce(message: string, options: CallOptions = {}): Promise<void> {
    return this.rest.call('POST', '/admin/announce', { ...options, body: { message } })
  }

  /** Compare every job with its log. */
  verify(options: CallOptions = {}): Promise<Verified> {
    return this.rest.get('/admin/verify', { ...options, isStream: true })
  }
}

/** Steps that whoever carries a path would tidy up: an empty one, `.` and `..`. */
const TIDIED = /(^|\/)\.{0,2}(\/|$)/

/** A path of names. A slash in a name stays a slash, because proxies refuse `%2F`, unless the path would not arrive as it is. */
export function at(...parts: string[]): string {
  return parts
    .map(part => {
      const whole = encodeURIComponent(part)
      return `/${TIDIED.test(part) ? whole : whole.replaceAll('%2F', '/')}`
    })
    .join('')
}
