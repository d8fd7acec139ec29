/** What a server may ask for before it answers. Used by both halves of the client. */

/**
 * A token, or where to get one: asked for when it is needed, and once more, with `refused` true, when the server did not
 * take what it got (time to ask a person).
 */
export type Token = string | ((refused: boolean) => string | undefined | Promise<string | undefined>)
