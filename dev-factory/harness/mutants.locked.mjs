/**
 * Tells of each change as soon as it was tested, one JSON line each, so that a
 * pass cut short by its time limit still counts for what it has tested.
 *
 * First line:  {"planned": 40}
 * Then:        {"file", "status", "replacement", "start": {"line", "column"}, "end": {...}}
 */
import fs from 'fs';
import path from 'path';
import { fileURLToPath } from 'url';

const LONGEST = 200;
const out = fileURLToPath(new URL('../made/mutants.jsonl', import.meta.url));

function write(line) {
  fs.appendFileSync(out, `${JSON.stringify(line)}\n`);
}

class Mutants {
  onMutationTestingPlanReady({ mutantPlans }) {
    write({ planned: mutantPlans.filter(({ plan }) => plan === 'Run').length });
  }

  onMutantTested({ fileName, status, statusReason, replacement, location }) {
    // Left out by our settings; what anything else has left out counts as not noticed.
    if (status === 'Ignored' && /static/i.test(statusReason ?? '')) return;
    const file = path.relative(process.cwd(), fileName).split(path.sep).join('/');
    write({ file, status: status === 'Ignored' ? 'Survived' : status, replacement: String(replacement).slice(0, LONGEST), ...location });
  }
}

export const strykerPlugins = [{ kind: 'Reporter', name: 'mutants', injectableClass: Mutants }];
