/**
 * Which client the hooks of a tree use.
 *
 * Must never make a client: whoever renders the page does, once. Used by every hook.
 */
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'
import type { Headway } from '../client.ts'

const Client = createContext<Headway | undefined>(undefined)

/** Gives `client` (from `createHeadway`) to the hooks below it. */
export function HeadwayProvider({
  client,
  children,
}: {
  client: Headway
  children?: ReactNode
}): ReactElement {
  return createElement(Client.Provider, { value: client }, children)
}

/** The client of this tree. Throws outside a provider. */
export function useHeadway(): Headway {
  const client = useContext(Client)
  if (!client)
    throw new Error(
      'There is no HeadwayProvider above. Wrap the page in <HeadwayProvider client={createHeadway(…)}>.',
    )
  return client
}
