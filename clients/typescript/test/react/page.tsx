/** A page for hook tests: a client whose live half is fed by hand and whose requests are answered by a table. */
import { type RenderHookResult, render, renderHook } from '@testing-library/react'
import { type ReactElement, type ReactNode, StrictMode } from 'react'
import { createHeadway, type Headway } from '../../src/client.ts'
import { HeadwayProvider } from '../../src/react/index.ts'
import { FakeLive } from '../fakelive.ts'

type Answer = (path: string, init: RequestInit | undefined) => unknown

export class Page {
  readonly live = new FakeLive()
  readonly client: Headway
  readonly requests: string[] = []
  answer: Answer = () => ({})

  constructor() {
    const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const url = new URL(input instanceof Request ? input.url : input)
      const path = `${init?.method ?? 'GET'} ${url.pathname.replace('/api/v1', '')}${url.search}`
      this.requests.push(path)
      const body = await this.answer(path, init)
      return body instanceof Response ? body : Response.json(body)
    }
    this.client = createHeadway({ url: 'http://headway.test', fetch })
    Object.defineProperty(this.client, 'live', { value: this.live })
  }

  readonly inside = ({ children }: { children: ReactNode }): ReactElement => (
    <StrictMode>
      <HeadwayProvider client={this.client}>{children}</HeadwayProvider>
    </StrictMode>
  )

  hook<P, R>(use: (props: P) => R, initialProps: P): RenderHookResult<R, P> {
    return renderHook(use, { initialProps, wrapper: this.inside })
  }

  show(element: ReactElement): ReturnType<typeof render> {
    return render(element, { wrapper: this.inside })
  }
}
