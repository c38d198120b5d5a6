// node run.mjs <scenario>: runs scenarios/<scenario>.mjs with a browser, and ends with 1 and the reason when it fails.

import { Browser } from "./browser.mjs";

const deadline = setTimeout(() => {
  console.error("The scenario did not end in time.");
  process.exit(1);
}, Number(process.env.DEADLINE) * 1000);

const browser = await Browser.launch();
try {
  const { default: scenario } = await import(`./scenarios/${process.argv[2]}.mjs`);
  await scenario(browser);
  browser.assertNoProblems();
} catch (error) {
  await browser.captureFailure(process.argv[2]);
  console.error(error.stack, "\nSeen in the browser:", browser.problems);
  process.exitCode = 1;
} finally {
  await browser.close();
  clearTimeout(deadline);
  process.stdin.destroy();
}
