/** A view as plain JSON, in the shape of spec/README.md: equal for equal views, whoever drew them. */
import type { TopicView } from '../src/topicview.ts'
import type { View } from '../src/viewing.ts'

export function shown(view: View): Record<string, unknown> {
  return Object.fromEntries([...view.topics].map(([name, topic]) => [name, shownTopic(topic)]))
}

function shownTopic(topic: TopicView): Record<string, unknown> {
  return {
    documents: nonEmpty([...topic.documents].map(([entity, each]) => [entity, Object.fromEntries(each)])),
    counts: topic.counts && nonEmpty([...topic.counts]),
    events: topic.events.map(event => event.seq),
    lines: [...topic.lines],
    holes: topic.holes(),
    capped: topic.capped,
    unknown: [...topic.unknown].sort(),
  }
}

function nonEmpty(entries: readonly (readonly [string, object])[]): Record<string, object> {
  return Object.fromEntries(entries.filter(([, value]) => Object.keys(value).length))
}
