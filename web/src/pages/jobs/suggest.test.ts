import { describe, expect, it } from 'vitest'
import { type Seen, suggest } from './suggest.ts'

const SEEN: Seen = {
  kinds: ['summarise', 'crawl', 'checksum'],
  queues: ['default', 'gpu'],
  workers: ['gpu-3/1'],
  labels: new Map([
    ['subject', new Set(['sub-02', 'sub-01'])],
    ['team', new Set(['a b', 'c'])],
  ]),
  args: new Map([['source.url', new Set(['https://x'])]]),
  errors: new Set(['ReadTimeout']),
}
const texts = (draft: string) => suggest(draft, SEEN).map(each => each.text)

describe('before the colon', () => {
  it('offers every key to begin with, each with what it means', () => {
    const offered = suggest('', SEEN)

    expect(offered[0]).toEqual({ text: 'state:', label: 'state:', about: 'where it stands', whole: false })
    expect(offered.map(each => each.text)).toContain('label.')
  })

  it('offers keys that begin so, then what may be meant by the word', () => {
    expect(texts('r')).toEqual(['running:', 'retry_of:', 'args.source.url:', 'state:running'])
    expect(texts('fail')).toEqual(['state:failed'])
    expect(texts('craw')).toEqual(['kind:crawl'])
  })

  it('keeps the minus', () => {
    expect(texts('-fail')).toEqual(['-state:failed'])
    expect(texts('-sin')).toEqual(['-since:'])
  })

  it('offers the names of labels and paths of arguments that were seen', () => {
    expect(texts('label.')).toEqual(['label.subject:', 'label.team:'])
    expect(texts('label.te')).toEqual(['label.team:'])
    expect(texts('args.url')).toEqual(['args.source.url:'])
    expect(texts('subj')).toEqual(['label.subject:'])
  })
})

describe('after the colon', () => {
  it.each([
    ['state:ca', ['state:cancelling', 'state:cancelled']],
    ['kind:', ['kind:checksum', 'kind:crawl', 'kind:summarise']],
    ['kind:sum', ['kind:summarise', 'kind:checksum']],
    ['kind:crawl,', ['kind:crawl,checksum', 'kind:crawl,summarise']],
    ['-kind:crawl,che', ['-kind:crawl,checksum']],
    ['label.subject:', ['label.subject:sub-01', 'label.subject:sub-02']],
    ['label.team:a', ['label.team:"a b"']],
    ['args.source.url:', ['args.source.url:https://x']],
    ['worker:', ['worker:gpu-3/1']],
    ['running:>1', ['running:>1m', 'running:>10m', 'running:>1h', 'running:>1d']],
    ['error:read', ['error:ReadTimeout']],
    ['id:', []],
    ['nonsense:', []],
  ])('%s', (draft, offered) => {
    expect(texts(draft)).toEqual(offered)
  })

  it('finishes the term', () => {
    expect(suggest('state:fa', SEEN)[0]).toMatchObject({ text: 'state:failed', whole: true })
  })
})

it('offers nothing inside free text in quotes', () => {
  expect(texts('"stat')).toEqual([])
})

it('never offers more than can be looked through', () => {
  const kinds = Array.from({ length: 500 }, (_, number) => `kind-${number}`)

  expect(suggest('kind:', { ...SEEN, kinds })).toHaveLength(12)
})
