// Says what tools gave as the page does and prints it. Started by test_page_view.py.
import { readFileSync } from "node:fs";

const [factsPath, casesPath] = process.argv.slice(2);
const { line } = await import(factsPath);
const jobs = JSON.parse(readFileSync(casesPath, "utf8")).map(({ result }) => ({ state: "completed", result }));
console.log(JSON.stringify(jobs.map(line)));
