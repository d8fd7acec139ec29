/**
 * Terminal colours that can be read on our cards: each is moved towards black or white until its contrast is enough.
 *
 * For text on the page's own background there are two answers, one per theme; text on a background of its own has one for
 * both. `CONTRAST` is more than AA's 4.5, because a line that is selected or pointed at stands on a tint. Pure.
 */
import { type Colour, RGB, type Style } from './ansi.ts'

/** `--card` of styles.css, light and dark. */
export const CARDS = { light: 0xffffff, dark: 0x161920 } as const
export const CONTRAST = 5.8
const ON_OWN = 4.6

/** The sixteen as each theme starts from: black, red, green, yellow, blue, magenta, cyan, white, and bright. */
const SIXTEEN = {
  light: [
    0x171a21, 0xb81f31, 0x14713d, 0x8a5000, 0x1f5fd6, 0x9333b8, 0x0e6f80, 0x565e6e, 0x4b5262, 0xd0213a,
    0x14803d, 0x8a6100, 0x2f55e0, 0xb026c4, 0x007489, 0x30353f,
  ],
  dark: [
    0x9ea7b8, 0xff7d88, 0x4fcb89, 0xf2b75e, 0x7fa8ff, 0xd89bf5, 0x5cc8d8, 0xd3d8e2, 0x8f99ab, 0xff9aa3,
    0x72e0a5, 0xffd083, 0x9fbeff, 0xe8b8ff, 0x86e2ee, 0xffffff,
  ],
} as const
/** As backgrounds, in both themes. */
const GROUNDS = [
  0x1e222b, 0xb02a37, 0x1c7a46, 0xd9a400, 0x2458c5, 0x8e3fb0, 0x15808f, 0xd3d7df, 0x5b6373, 0xe05563,
  0x46b877, 0xf0c74a, 0x6b93f0, 0xc483e0, 0x58bcca, 0xffffff,
] as const

export interface Looks {
  /** On the theme's own card. */
  readonly light?: string
  readonly dark?: string
  /** On a background of its own: both. */
  readonly text?: string
  readonly ground?: string
}

const known = new Map<string, Looks>()

/** Text and background of a style. */
export function looksOf({ fg, bg, inverse = false }: Style): Looks {
  if (fg === undefined && bg === undefined && !inverse) return {}
  const key = `${fg} ${bg} ${inverse}`
  let looks = known.get(key)
  if (!looks) {
    if (known.size > 4_096) known.clear()
    looks = inverse ? onOwn(bg, fg ?? 7) : bg === undefined ? onCards(fg ?? 7) : onOwn(fg, bg)
    known.set(key, looks)
  }
  return looks
}

function onCards(colour: Colour): Looks {
  const on = (theme: 'light' | 'dark'): string => {
    const start = colour >= RGB ? colour - RGB : (SIXTEEN[theme][colour] ?? SIXTEEN[theme][7])
    return hex(readable(start, CARDS[theme], CONTRAST))
  }
  return { light: on('light'), dark: on('dark') }
}

function onOwn(text: Colour | undefined, ground: Colour): Looks {
  const below = rgbOf(ground)
  const start =
    text === undefined ? (contrast(0, below) > contrast(0xffffff, below) ? 0 : 0xffffff) : rgbOf(text)
  return { text: hex(readable(start, below, ON_OWN)), ground: hex(below) }
}

function rgbOf(colour: Colour): number {
  return colour >= RGB ? colour - RGB : (GROUNDS[colour] ?? GROUNDS[0])
}

/** The nearest colour to `rgb` with so much contrast on `ground`, on the way to black or to white. */
export function readable(rgb: number, ground: number, enough: number): number {
  const end = contrast(0, ground) > contrast(0xffffff, ground) ? 0 : 0xffffff
  for (let step = 0; step < 20; step += 1) {
    const mixed = mix(rgb, end, step / 20)
    if (contrast(mixed, ground) >= enough) return mixed
  }
  return end
}

/** WCAG's ratio, 1 to 21. */
export function contrast(one: number, other: number): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

function luminance(rgb: number): number {
  const [r = 0, g = 0, b = 0] = parts(rgb).map(part => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function mix(from: number, to: number, share: number): number {
  const ends = parts(to)
  return parts(from).reduce(
    (all, part, at) => all * 256 + Math.round(part + ((ends[at] ?? 0) - part) * share),
    0,
  )
}

const parts = (rgb: number): readonly number[] => [rgb >> 16, (rgb >> 8) & 255, rgb & 255]
const hex = (rgb: number): string => `#${rgb.toString(16).padStart(6, '0')}`
