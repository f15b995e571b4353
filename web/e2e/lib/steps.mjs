/**
 * Runs steps that build on each other. After a failure the rest cannot mean anything, so they count
 * as failed too. Prints one line per step and the count; resolves to the exit code.
 */
export async function runSteps(steps, onFailure) {
  let passed = 0;
  let failure = null;
  for (const [name, step] of steps) {
    if (failure !== null) {
      console.log(`FAIL ${name}: not reached`);
      continue;
    }
    try {
      await step();
      passed += 1;
      console.log(`ok   ${name}`);
    } catch (thrown) {
      failure = thrown;
      console.log(`FAIL ${name}: ${thrown instanceof Error ? thrown.message : thrown}`);
      await onFailure(name).catch(() => {});
    }
  }
  const failed = steps.length - passed;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}
