// Runs a golden transcript through the page's view and prints what became of it. Started by test_page_view.py.
import { readFileSync } from "node:fs";

const [viewPath, casePath] = process.argv.slice(2);
const { View } = await import(viewPath);
const transcript = JSON.parse(readFileSync(casePath, "utf8"));
const view = new View();
const took = [];
for (const step of transcript.steps) {
  if ("open" in step) view.take({ type: "welcome", epoch: step.open });
  else if ("take" in step) took.push(view.take(step.take));
}
const documents = Object.fromEntries(
  Object.entries(view.documents)
    .filter(([, byId]) => byId.size)
    .map(([entity, byId]) => [entity, Object.fromEntries(byId)]),
);
const lines = [...view.lines.values()].sort((a, b) => a[0] - b[0]);
console.log(JSON.stringify({ took, seq: view.seq, asOf: view.asOf, documents, counts: view.counts, lines }));
