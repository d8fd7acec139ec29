/** The worker that looks for patterns: an evil one holds it and not the page, which ends it. Started by pattern.ts. */
import { answerTo, type Question } from './matching.ts'

addEventListener('message', ({ data }: MessageEvent<Question>) => postMessage(answerTo(data)))
postMessage('ready')
