import { causeOf } from './causes.ts';
import type { Around } from './pod-problems.ts';
import type { ContainerSeen, PodSeen } from './pods.ts';
import { present } from './present.ts';
import type { Problem } from './problems.ts';
import { linesOf } from './words.ts';

/** Lines of a log that are shown, its end. */
const shownLines = 40;

/** A container ended that should not have: its own words, and from how many times on that is final. */
export function crashProblem(container: ContainerSeen, pod: PodSeen, { target, graces }: Around): Problem {
  const cause = causeOf(container, pod.warnings);
  const tail = linesOf(container.log).slice(-shownLines);
  const times = container.crashes === 1 ? 'once' : `${container.crashes} times`;
  const source = `pod ${pod.name}, container ${container.name}`;
  return {
    code: cause.code,
    headline: `${cause.meaning} (${container.name} ended ${times})`,
    evidence: [
      ...(cause.line ? [`${cause.line} (${source})`] : []),
      ...(tail.length > 0
        ? [`the last ${tail.length} lines of ${source}:`, ...tail]
        : [`${source} has said nothing`]),
    ],
    hint: cause.code.startsWith('LD139')
      ? `oc logs ${pod.name} -c ${container.name} -n ${target.namespace} --previous`
      : cause.hint,
    ...present({ failure: cause.failure }),
    graceMs: container.crashes >= graces.crashes ? 0 : Infinity,
  };
}
