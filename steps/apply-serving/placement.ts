import type { ParamsOf } from '../lib/step.ts';
import type { spec } from './spec.ts';

type Placement = Pick<ParamsOf<typeof spec>, 'gpu' | 'gpuResource' | 'tolerations' | 'nodeSelector'>;

/** The fields of a pod that say which nodes it may be on; those that nobody asks for are absent. */
export function renderPlacement({ gpu, gpuResource, tolerations, nodeSelector }: Placement) {
  const all = [
    ...(gpu > 0 ? [{ key: gpuResource, operator: 'Exists', effect: 'NoSchedule' }] : []),
    ...tolerations.map(parseTaint),
  ];
  return {
    ...(nodeSelector.length > 0 && { nodeSelector: Object.fromEntries(nodeSelector.map(parseLabel)) }),
    ...(all.length > 0 && { tolerations: all }),
  };
}

/** `key=value:effect`, in which all but the key may be missing. */
function parseTaint(text: string) {
  const [taint = '', effect] = text.split(':');
  const [key, value] = taint.split('=');
  return {
    key,
    ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
    ...(effect !== undefined && { effect }),
  };
}

function parseLabel(text: string): [key: string, value: string] {
  const [key = '', value = ''] = text.split('=');
  return [key, value];
}
