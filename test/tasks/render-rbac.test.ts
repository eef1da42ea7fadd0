import { describe, expect, it } from 'vitest';
import { renderRbac } from '../../tasks/render-rbac.ts';
import { example } from './example-spec.ts';

describe('renderRbac', () => {
  it('gives an account with exactly the declared rules, and what is in another namespace in a file of its own', () => {
    expect(renderRbac(example)).toMatchInlineSnapshot(`
      [
        {
          "path": "tasks/count-words/rbac.yaml",
          "text": "# Generated from steps/count-words/spec.ts by \`npm run generate\`. Names are the defaults of the Task's parameters.
      apiVersion: v1
      kind: ServiceAccount
      metadata:
        name: llm-rollout-count-words
        labels:
          app.kubernetes.io/part-of: llm-rollout
      automountServiceAccountToken: true
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata:
        name: llm-rollout-count-words
        labels:
          app.kubernetes.io/part-of: llm-rollout
      rules:
        - apiGroups:
            - ""
          resources:
            - configmaps
          resourceNames:
            - all-words
          verbs:
            - get
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata:
        name: llm-rollout-count-words
        labels:
          app.kubernetes.io/part-of: llm-rollout
      roleRef:
        apiGroup: rbac.authorization.k8s.io
        kind: Role
        name: llm-rollout-count-words
      subjects:
        - kind: ServiceAccount
          name: llm-rollout-count-words
      ",
        },
        {
          "path": "tasks/count-words/rbac-mode.yaml",
          "text": "# Generated from steps/count-words/spec.ts by \`npm run generate\`. Names are the defaults of the Task's parameters.
      apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata:
        name: llm-rollout-count-words.gpt-oss
        namespace: all
        labels:
          app.kubernetes.io/part-of: llm-rollout
      rules:
        - apiGroups:
            - apps
          resources:
            - deployments
          verbs:
            - patch
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata:
        name: llm-rollout-count-words.gpt-oss
        namespace: all
        labels:
          app.kubernetes.io/part-of: llm-rollout
      roleRef:
        apiGroup: rbac.authorization.k8s.io
        kind: Role
        name: llm-rollout-count-words.gpt-oss
      subjects:
        - kind: ServiceAccount
          name: llm-rollout-count-words
          namespace: gpt-oss
      ",
        },
      ]
    `);
  });

  it('gives no token to a Task without permissions', () => {
    const [file, ...more] = renderRbac({ ...example, permissions: [] });
    expect(more).toEqual([]);
    expect(file?.text).toContain('automountServiceAccountToken: false');
    expect(file?.text).not.toContain('kind: Role');
  });
});
