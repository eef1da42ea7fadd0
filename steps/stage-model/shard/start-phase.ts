/** Starts a phase by hand, `…` being the parameters of the other phases. Without a timeout Tekton gives a TaskRun one hour. */
export function startPhase(phase: 'plan' | 'move', params: Readonly<Record<string, string>>): string {
  const flags = Object.entries({ phase, ...params }).map(([name, value]) => `--param ${name}=${value}`);
  return `tkn task start stage-model --serviceaccount=llm-rollout-stage-model --timeout=4h ${flags.join(' ')} …`;
}
