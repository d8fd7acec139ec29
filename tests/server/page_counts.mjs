// Writes counts as the page does and prints them. Started by test_page_view.py.
import { readFileSync } from "node:fs";

const [domPath, casesPath] = process.argv.slice(2);
const { counted } = await import(domPath);
console.log(JSON.stringify(JSON.parse(readFileSync(casesPath, "utf8")).map((each) => counted(each.progress))));
