import { describe, expect, it } from 'vitest';
import { extractYaml } from './yaml-kinds.ts';

const CONTAINER = { name: 'web', image: 'x', portMappings: [{ containerPort: 8080 }], systemControls: [{ namespace: 'net.core.somaxconn', value: '1024' }] };

describe('containers of ECS', () => {
  it.each([
    ['a task definition', { family: 'x', networkMode: 'host', containerDefinitions: [CONTAINER] }, true],
    ['what describe-task-definition prints', { taskDefinition: { containerDefinitions: [CONTAINER] } }, false],
    ['a list of containers', [CONTAINER], false],
  ])('reads %s', (_what, definition, sharesHostNetwork) => {
    const { statements, ports } = extractYaml(JSON.stringify(definition, undefined, 2), 'task.json');
    expect(statements).toMatchObject([{ reach: 'container', key: 'net.core.somaxconn', value: '1024', sharesHostNetwork }]);
    expect(ports).toMatchObject([{ port: 8080, group: statements[0]?.group }]);
  });

  it('reads CloudFormation', () => {
    const text = 'Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      NetworkMode: awsvpc\n      ContainerDefinitions:\n      - Name: a\n        PortMappings: [{ContainerPort: 80}]\n        SystemControls: [{Namespace: net.core.somaxconn, Value: !Ref Max}]\n      - Name: b\n        SystemControls: [{Namespace: net.ipv4.tcp_tw_reuse, Value: "1"}]\n  Host:\n    Properties:\n      UserData:\n        Fn::Base64: |\n          #!/bin/sh\n          sysctl -w net.core.somaxconn=5\n';
    const { statements, ports } = extractYaml(text, 'stack.yaml');
    expect(statements.map(({ reach, key, value }) => [reach, key, value])).toEqual([['container', 'net.core.somaxconn', undefined], ['container', 'net.ipv4.tcp_tw_reuse', '1'], ['host', 'net.core.somaxconn', '5']]);
    // With awsvpc the containers of a task share its network.
    expect(new Set([...statements.slice(0, 2), ...ports].map(({ group }) => group)).size).toBe(1);
  });
});
