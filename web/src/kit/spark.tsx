/** A small line of the recent past, drawn by hand; its words say the newest and the highest value. */

interface SparkProps {
  /** [instant ms, value], oldest first. */
  points: readonly (readonly [number, number])[]
  label: string
  /** Top of the scale; by default the highest value. */
  most?: number
  format?: (value: number) => string
  width?: number
  height?: number
}

export function Spark({ points, label, most, format = String, width = 96, height = 24 }: SparkProps) {
  const newest = points.at(-1)?.[1]
  const top = Math.max(most ?? 0, ...points.map(point => point[1]), 1e-9)
  const [from, to] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1]
  const x = (at: number) => (to === from ? width : ((at - from) / (to - from)) * width)
  const y = (value: number) => height - 1 - (value / top) * (height - 2)
  const line = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  const said =
    newest === undefined
      ? `${label}: no samples`
      : `${label}: now ${format(newest)}, at most ${format(Math.max(...points.map(point => point[1])))}`
  return (
    <svg
      role="img"
      aria-label={said}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      className="text-accent"
    >
      <title>{said}</title>
      {points.length > 1 && (
        <>
          <polygon points={`0,${height} ${line} ${width},${height}`} fill="currentColor" opacity={0.12} />
          <polyline
            points={line}
            fill="none"
            stroke="currentColor"
            strokeWidth={1.5}
            strokeLinejoin="round"
          />
        </>
      )}
    </svg>
  )
}
