import type { Around } from './pod-problems.ts';
import { present } from './present.ts';
import type { OutsideFailure, Problem } from './problems.ts';

/** The image does not come: which of the five reasons it is. */
export function imageProblem(
  evidence: readonly string[],
  { reason, message }: { readonly reason: string; readonly message: string },
  { target, graces }: Around,
): Problem {
  const words = withoutNames(message);
  const why = imageReasons.find(([says]) => says.test(words));
  return {
    code: 'LD110 IMAGE_PULL',
    headline: `the image cannot be pulled: ${why?.[1] ?? reason}`,
    evidence,
    hint: why?.[2] ?? `oc get events -n ${target.namespace} --field-selector reason=Failed`,
    ...present({ failure: why?.[3] }),
    graceMs: reason === 'InvalidImageName' ? 0 : graces.imageMs,
  };
}

/** The name of the image, quoted first and repeated bare, may hold any word or number. */
function withoutNames(message: string): string {
  const [quoted, name = ''] = /"([^"]+)"/.exec(message) ?? [];
  return (quoted ? message.replaceAll(name, '') : message).replaceAll(/"[^"]*"/g, '');
}

type Reason = readonly [says: RegExp, why: string, hint: string, failure?: OutsideFailure];

const imageReasons: readonly Reason[] = [
  [
    /signature/i,
    'its signature is not the one that the cluster asks for',
    'oc get clusterimagepolicies,imagepolicies -A   (and /etc/containers/policy.json of the node)',
  ],
  [
    /unauthorized|authentication required|access to the resource is denied|\b403\b/i,
    'the registry asks for an account',
    'oc get secrets --field-selector type=kubernetes.io/dockerconfigjson   (registry.redhat.io needs a pull secret)',
    'refused',
  ],
  [
    /i\/o timeout|no route|no such host|connection refused|lookup /i,
    'the registry does not answer',
    'use a mirror: oc get imagedigestmirrorsets,imagetagmirrorsets',
    'unavailable',
  ],
  [/manifest unknown|not found|no such/i, 'there is no such image or tag', 'look the tag up in the registry'],
  [
    /exec format|no matching manifest|no image found .* for architecture/i,
    'it is not made for this kind of node',
    'use an image for the architecture of the GPU node',
  ],
];
