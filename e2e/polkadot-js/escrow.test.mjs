// A dApp developer's first hour: connect, read the escrow's state through the metadata file, send a call, see its event.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { ApiPromise, WsProvider } from "@polkadot/api";
import { ContractPromise } from "@polkadot/api-contract";
import { Keyring } from "@polkadot/keyring";

const { ASSAY_BIN, ASSAY_DEVNET_BIN, ASSAY_ARTIFACTS } = process.env;
const UNIT = 10n ** 12n;
let node, api, escrow, bob;

function startDevnet() {
  node = spawn(ASSAY_DEVNET_BIN, ["--instant", "--port", "0", "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    node.on("exit", (code) => reject(new Error(`devnet stopped with ${code}`)));
    createInterface({ input: node.stdout }).on("line", (line) => {
      try {
        const { url } = JSON.parse(line);
        if (url) resolve(url);
      } catch {
        // log lines are not JSON
      }
    });
  });
}

/** What a call may use; polkadot.js's own default (-1) allows no proof, and so no call. */
const limits = () => ({
  gasLimit: api.registry.createType("WeightV2", { refTime: 100_000_000_000n, proofSize: 2_000_000n }),
  storageDepositLimit: null,
});

/**
 * Sends a contract call and waits until it is in a block; rejects on a dispatch error. The devnet finalizes at once, and
 * polkadot.js skips a status that is followed by another before it has fetched the block: so either will do.
 */
function send(message, value, ...args) {
  return new Promise((resolve, reject) => {
    escrow.tx[message]({ ...limits(), value }, ...args)
      .signAndSend(bob, (result) => {
        if (result.dispatchError) reject(new Error(result.dispatchError.toString()));
        else if (result.isInBlock || result.isFinalized) resolve(result);
      })
      .catch(reject);
  });
}

/** A dry run's answer, decoded with the metadata file. */
async function read(message, ...args) {
  const { result, output } = await escrow.query[message](bob.address, limits(), ...args);
  assert.ok(result.isOk, `${message}: ${result}`);
  const answer = output.toJSON();
  return answer.ok ?? answer;
}

before(async () => {
  const url = await startDevnet();
  const deployment = join(mkdtempSync(join(tmpdir(), "assay-")), "deployment.json");
  execFileSync(ASSAY_BIN, ["deploy", "--url", url, "--key", "//Alice", "--parameters", "development",
    "--artifacts", ASSAY_ARTIFACTS, "--deployment", deployment], { stdio: ["ignore", "inherit", "inherit"] });
  const { escrow: { address } } = JSON.parse(readFileSync(deployment, "utf8"));
  api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
  bob = new Keyring({ type: "sr25519" }).addFromUri("//Bob");
  escrow = new ContractPromise(api, JSON.parse(readFileSync(join(ASSAY_ARTIFACTS, "escrow.json"), "utf8")), address);
});

after(async () => {
  await api?.disconnect();
  node?.removeAllListeners("exit");
  node?.kill();
});

test("the escrow's state is readable through the metadata file", async () => {
  assert.equal(await read("taskCount"), 0);
  const parameters = await read("parameters");
  assert.ok(BigInt(parameters.verifierBond) > 0n, JSON.stringify(parameters));
});

test("a call changes the state, and its event can be read", async () => {
  const before = BigInt(await read("freeOf", bob.address));
  const { contractEvents } = await send("deposit", 3n * UNIT);
  assert.equal(BigInt(await read("freeOf", bob.address)) - before, 3n * UNIT);
  assert.equal(contractEvents.length, 1);
  const [{ event, args }] = contractEvents;
  assert.match(event.identifier, /Deposited$/);
  assert.deepEqual([args[0].toString(), args[1].toBigInt()], [bob.address, 3n * UNIT]);
});

test("a refused call says why in a dry run", async () => {
  const answer = await read("withdraw", 10n ** 30n);
  assert.deepEqual(Object.keys(answer.err), ["funds"], JSON.stringify(answer));
  assert.equal(BigInt(answer.err.funds.have), 3n * UNIT);
  assert.equal(BigInt(answer.err.funds.need), 10n ** 30n);
});
