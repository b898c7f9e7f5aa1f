//! The command line: every flag is also an environment variable.

use std::path::PathBuf;

use assay_engine::task::{Arithmetic, Changes, Mode};
use assay_roles::{Device, Hardware};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Buy, sell and check machine-learning training: proven by re-execution, settled by smart contracts.
#[derive(Debug, Parser)]
#[command(name = "assay", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Machine-readable output: one JSON object per line on standard output.
    #[arg(long, global = true, env = "ASSAY_JSON")]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  assay demo                                            honest run, then a lying verifier is caught
  assay demo --scenario lazy-solver --seed 7            one scenario
  assay demo --mode tolerant --arithmetic bf16          the solver may compute products in bfloat16
  assay devnet --instant --block-time-ms 500            a development chain on port 9944
  assay store --dir blobs --port 9955                   a content-addressed store
  assay deploy --key //Alice                            the contracts -> deployment.json
  assay model inspect examples/fashion-mlp              what training costs, and how it would be disputed
  assay data import iris.csv --label species --test-fraction 0.2 --out iris/data    prepare data; more in its --help
  assay train examples/fashion-mlp --result w.safetensors    try it here first
  assay train examples/digits-mlp --backend torch --arithmetic bf16    the same with libtorch, in bfloat16
  assay submit examples/fashion-mlp --key //Bob         buy a training run
  assay submit examples/fashion-mlp --key //Bob --arithmetic bf16    ... that may be computed in bfloat16
  assay solve --key //Charlie                           train for money
  assay solve --key //Charlie --device cuda --tf32      ... on a GPU, tasks that allow TF32
  assay verify --key //Dave                             replay drawn segments for a fee
  assay watch --key //Ferdie                            catch false verdicts for a share of the bond
  assay status --task 0                                 where a task stands, and why everybody was paid what

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a scenario ended with the wrong party paid.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a development chain with the contracts pallet in one process (passes its arguments to `assay-devnet`).
    #[command(disable_help_flag = true)]
    Devnet(DevnetArgs),
    /// Serve a folder of content-addressed blobs over HTTP.
    Store(StoreArgs),
    /// Upload and instantiate the contracts.
    Deploy(DeployArgs),
    /// Submit a task folder, watch it to its end and download the result.
    Submit(SubmitArgs),
    /// Work as a solver.
    Solve(SolveArgs),
    /// Work as a verifier.
    Verify(VerifyArgs),
    /// Work as a whistleblower.
    Watch(WatchArgs),
    /// Show tasks, balances and the reason of every payment.
    Status(StatusArgs),
    /// Train a task folder here, as its solver would, without a chain.
    Train(TrainArgs),
    /// Train a task folder with plain libtorch and, for comparison, report how good it is and how long it took.
    Baseline(BaselineArgs),
    /// Look at models.
    Model(ModelArgs),
    /// Prepare data for task folders, and look at it.
    Data(crate::commands::DataArgs),
    /// Run scenarios with every role as its own process.
    Demo(DemoArgs),
}

/// Everything after `devnet` goes to the node's own binary.
#[derive(Debug, Args)]
pub(crate) struct DevnetArgs {
    /// Arguments of `assay-devnet`; `assay devnet --help` shows them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

/// Where the store listens and keeps its blobs.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Folder of the blobs; made if missing.
    #[arg(long, env = "ASSAY_STORE_DIR", default_value = "blobs")]
    pub(crate) dir: PathBuf,
    /// Address to listen on.
    #[arg(long, env = "ASSAY_STORE_HOST", default_value = "127.0.0.1")]
    pub(crate) host: std::net::IpAddr,
    /// Port to listen on; 0 takes any free one and prints it.
    #[arg(long, env = "ASSAY_STORE_PORT", default_value_t = 9955)]
    pub(crate) port: u16,
}

/// How to reach the chain and as whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChainArgs {
    /// WebSocket URL of a Substrate node with pallet-contracts.
    #[arg(long, env = "ASSAY_URL", default_value = "ws://127.0.0.1:9944")]
    pub(crate) url: String,
    /// The contracts' addresses, as `assay deploy` wrote them.
    #[arg(long, env = "ASSAY_DEPLOYMENT", default_value = "deployment.json")]
    pub(crate) deployment: PathBuf,
}

/// What every worker needs.
#[derive(Debug, Clone, Args)]
pub(crate) struct WorkerArgs {
    /// Chain and contracts.
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// Secret of the account: a development account such as //Alice, a seed phrase, or file:PATH of a file with one.
    #[arg(long, env = "ASSAY_KEY", hide_env_values = true)]
    pub(crate) key: String,
    /// The store: an http(s) URL or a folder.
    #[arg(long, env = "ASSAY_STORE", default_value = "http://127.0.0.1:9955")]
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) hardware: HardwareArgs,
    /// Folder for the worker's own files: cache, journal, local secret.
    #[arg(long, env = "ASSAY_HOME", default_value = "assay-home")]
    pub(crate) home: PathBuf,
    /// Go on after the first task is finished.
    #[arg(long, env = "ASSAY_FOREVER")]
    pub(crate) forever: bool,
}

/// What to compute with.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct HardwareArgs {
    /// Where the reproducible engine and libtorch compute: cpu, cuda or cuda:N.
    #[arg(long, env = "ASSAY_DEVICE", default_value = "cpu")]
    pub(crate) device: Device,
    /// Threads of either on the processor.
    #[arg(long, env = "ASSAY_THREADS", default_value_t = 1)]
    pub(crate) threads: usize,
}

impl HardwareArgs {
    pub(crate) fn get(self) -> Hardware {
        Hardware { device: self.device, threads: self.threads }
    }
}

/// Who deploys what, and with which parameters.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// WebSocket URL of a Substrate node with pallet-contracts.
    #[arg(long, env = "ASSAY_URL", default_value = "ws://127.0.0.1:9944")]
    pub(crate) url: String,
    /// Secret of the deploying account, as for workers.
    #[arg(long, env = "ASSAY_KEY", hide_env_values = true)]
    pub(crate) key: String,
    /// Folder with escrow.wasm, arbiter.wasm, referee.wasm and jackpot.wasm.
    #[arg(long, env = "ASSAY_ARTIFACTS", default_value = "artifacts")]
    pub(crate) artifacts: PathBuf,
    /// Where to write the addresses.
    #[arg(long, env = "ASSAY_DEPLOYMENT", default_value = "deployment.json")]
    pub(crate) deployment: PathBuf,
    /// Parameter set.
    #[arg(long, env = "ASSAY_PARAMETERS", value_enum, default_value = "public")]
    pub(crate) parameters: ParameterSet,
}

/// The parameter sets that ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ParameterSet {
    /// Windows of hours, for a public chain.
    Public,
    /// Windows of seconds, for a development chain with fast blocks.
    Development,
}

/// What to buy.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// Folder with task.toml, the model and (or the paths of) the data.
    pub(crate) task_dir: PathBuf,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) changes: ChangesArgs,
}

/// What to take in place of what task.toml says.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ChangesArgs {
    /// Replace the seed of the data order in task.toml.
    #[arg(long, env = "ASSAY_SEED")]
    seed: Option<u64>,
    /// Replace the mode in task.toml.
    #[arg(long, env = "ASSAY_MODE", value_enum)]
    mode: Option<ModeArg>,
    /// Replace the arithmetic in task.toml: the coarsest that a tolerant task's solver may use.
    #[arg(long, env = "ASSAY_ARITHMETIC", value_enum)]
    arithmetic: Option<ArithmeticArg>,
}

impl ChangesArgs {
    pub(crate) fn get(self) -> Changes {
        let (mode, arithmetic) = (self.mode.map(Mode::from), self.arithmetic.map(Arithmetic::from));
        Changes { seed: self.seed, mode, arithmetic }
    }
}

/// What operands of products may be rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArithmeticArg {
    /// Not at all.
    Binary32,
    /// TF32, on NVIDIA GPUs.
    Tf32,
    /// bfloat16: PyTorch's autocast.
    Bf16,
}

impl From<ArithmeticArg> for Arithmetic {
    fn from(arithmetic: ArithmeticArg) -> Arithmetic {
        match arithmetic {
            ArithmeticArg::Binary32 => Arithmetic::Binary32,
            ArithmeticArg::Tf32 => Arithmetic::Tf32,
            ArithmeticArg::Bf16 => Arithmetic::Bf16,
        }
    }
}

/// How a solver may compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// With the reproducible engine; every bit is checked.
    Exact,
    /// With any hardware and library; distances are checked.
    Tolerant,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Mode {
        match mode {
            ModeArg::Exact => Mode::Exact,
            ModeArg::Tolerant => Mode::Tolerant,
        }
    }
}

/// How to train.
#[derive(Debug, Args)]
pub(crate) struct SolveArgs {
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    /// What does the arithmetic in tolerant mode; exact mode always takes the reproducible engine.
    #[arg(long, env = "ASSAY_BACKEND", value_enum, default_value_t = SolverBackendArg::default_here())]
    pub(crate) backend: SolverBackendArg,
    /// Let libtorch compute with TF32 on a GPU. Tasks that don't allow it are left alone then.
    #[arg(long, env = "ASSAY_TF32")]
    pub(crate) tf32: bool,
    /// Price asked per 10^9 work units, in the chain's smallest unit; the task's ceiling if left out.
    #[arg(long, env = "ASSAY_PRICE")]
    pub(crate) price: Option<u128>,
    /// Misbehave, to see the protocol catch it (development chains only).
    #[arg(long, env = "ASSAY_CHEAT", value_enum)]
    pub(crate) cheat: Option<SolverCheatArg>,
}

/// What is said where libtorch is asked for in a build without it.
pub(crate) const NO_LIBTORCH: &str =
    "this build has no libtorch: build with --features torch, or take --backend reproducible";

/// Arithmetic backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendArg {
    /// libtorch (in builds with the feature `torch`).
    Torch,
    /// The reproducible engine.
    Reproducible,
}

/// What a solver may leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SolverBackendArg {
    /// Whichever is faster at the task's first steps (in builds with the feature `torch`).
    Fastest,
    /// libtorch (in builds with the feature `torch`).
    Torch,
    /// The reproducible engine.
    Reproducible,
}

impl SolverBackendArg {
    fn default_here() -> Self {
        if cfg!(feature = "torch") {
            Self::Fastest
        } else {
            Self::Reproducible
        }
    }

    /// Another one than the verifiers', where there is one: a demonstration of tolerance.
    fn other_than_verifiers() -> Self {
        if cfg!(feature = "torch") {
            Self::Torch
        } else {
            Self::Reproducible
        }
    }
}

/// Ways for a solver to cheat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SolverCheatArg {
    /// Replace checkpoints by noise.
    ForgeCheckpoint,
    /// Perform only some of the steps.
    SkipSteps,
    /// Win the task and never deliver.
    Absent,
}

/// Which rounds to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    /// Do not join before this round (0 is the first).
    #[arg(long, env = "ASSAY_FROM_ROUND", default_value_t = 0)]
    pub(crate) from_round: u8,
    /// Misbehave, to see the protocol catch it (development chains only).
    #[arg(long, env = "ASSAY_CHEAT", value_enum)]
    pub(crate) cheat: Option<VerifierCheatArg>,
}

/// Ways for a verifier to cheat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifierCheatArg {
    /// Approve every segment without replaying it, and defend that.
    ApproveForged,
}

/// Whose verdicts to repeat.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    /// Misbehave, to see the protocol catch it (development chains only).
    #[arg(long, env = "ASSAY_CHEAT", value_enum)]
    pub(crate) cheat: Option<WhistleblowerCheatArg>,
}

/// Ways for a whistleblower to cheat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhistleblowerCheatArg {
    /// Attack an honest verifier.
    FalseAlarm,
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// One task in detail; all in a line each if left out.
    #[arg(long, env = "ASSAY_TASK")]
    pub(crate) task: Option<u32>,
}

/// What to train without any protocol.
#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    /// Folder with task.toml, the model and (or the paths of) the data.
    pub(crate) task_dir: PathBuf,
    #[command(flatten)]
    pub(crate) hardware: HardwareArgs,
    #[command(flatten)]
    pub(crate) changes: ChangesArgs,
    /// Evaluate this checkpoint on the test data too.
    #[arg(long, env = "ASSAY_CHECKPOINT")]
    pub(crate) checkpoint: Option<PathBuf>,
}

/// What to train here, without a chain.
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Folder with task.toml, the model and (or the paths of) the data.
    pub(crate) task_dir: PathBuf,
    /// What does the arithmetic; the reproducible engine if left out.
    #[arg(long, env = "ASSAY_BACKEND", value_enum, default_value = "reproducible")]
    pub(crate) backend: BackendArg,
    #[command(flatten)]
    pub(crate) hardware: HardwareArgs,
    #[command(flatten)]
    pub(crate) changes: ChangesArgs,
    /// Write the last state there: the file that a finished task delivers.
    #[arg(long, env = "ASSAY_RESULT")]
    pub(crate) result: Option<PathBuf>,
    /// Write there what it takes to repeat the training elsewhere (safetensors): `start.NAME` of every parameter, `rows`
    /// of the data set in each batch, `loss` of each step.
    #[arg(long, env = "ASSAY_RECORD")]
    pub(crate) record: Option<PathBuf>,
}

/// What to do with a model.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// The subcommand.
    #[command(subcommand)]
    pub(crate) command: ModelCommand,
}

/// What can be done with a model.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Show parameters and layers; of a task folder also work, price, memory, and how each node would be disputed.
    Inspect(InspectArgs),
}

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// An ONNX file, or a folder with task.toml, the model and (or the paths of) the data.
    #[arg(env = "ASSAY_MODEL")]
    pub(crate) path: PathBuf,
}

/// Which scenarios to run, and against what.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Scenario; may be given several times. Left out: honest, then lying-verifier.
    #[arg(long = "scenario", env = "ASSAY_SCENARIO", value_enum, value_delimiter = ',')]
    pub(crate) scenarios: Vec<crate::demo::Scenario>,
    /// Seed of the data order, the cheats' noise and all secrets.
    #[arg(long, env = "ASSAY_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Replace the mode in task.toml.
    #[arg(long, env = "ASSAY_MODE", value_enum)]
    pub(crate) mode: Option<ModeArg>,
    /// Replace the arithmetic in task.toml: the coarsest that a tolerant task's solver may use.
    #[arg(long, env = "ASSAY_ARITHMETIC", value_enum)]
    pub(crate) arithmetic: Option<ArithmeticArg>,
    /// What does the solver's arithmetic in tolerant mode: libtorch if it is there, which verifiers don't have.
    #[arg(long, env = "ASSAY_BACKEND", value_enum, default_value_t = SolverBackendArg::other_than_verifiers())]
    pub(crate) backend: SolverBackendArg,
    /// Task folder.
    #[arg(long = "task", env = "ASSAY_TASK_DIR", default_value = "examples/fashion-mlp")]
    pub(crate) task_dir: PathBuf,
    /// Where reports, journals and logs go; one folder per scenario.
    #[arg(long, env = "ASSAY_OUT", default_value = "demo-out")]
    pub(crate) out: PathBuf,
    /// Folder with the contracts' Wasm.
    #[arg(long, env = "ASSAY_ARTIFACTS", default_value = "artifacts")]
    pub(crate) artifacts: PathBuf,
    /// Run against this chain instead of starting a devnet.
    #[arg(long, env = "ASSAY_URL")]
    pub(crate) url: Option<String>,
    /// Time between blocks of the devnet, in milliseconds.
    #[arg(long, env = "ASSAY_BLOCK_TIME_MS", default_value_t = 200)]
    pub(crate) block_time_ms: u64,
    /// Give up on a scenario after this many seconds.
    #[arg(long, env = "ASSAY_TIMEOUT", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// Chaos: kill this role's process (SIGKILL) once in mid-run and start it again.
    #[arg(long, env = "ASSAY_KILL", value_enum)]
    pub(crate) kill: Option<crate::demo::Victim>,
}

impl DemoArgs {
    /// What the task's submitter takes in place of what its task.toml says.
    pub(crate) fn changes(&self) -> Changes {
        let (mode, arithmetic) = (self.mode.map(Mode::from), self.arithmetic.map(Arithmetic::from));
        Changes { seed: Some(self.seed), mode, arithmetic }
    }
    /// The arguments with which another command makes the same changes, but for the seed.
    pub(crate) fn replaced(&self) -> Vec<String> {
        let given = [flag("--mode", self.mode.as_ref()), flag("--arithmetic", self.arithmetic.as_ref())];
        given.into_iter().flatten().flatten().collect()
    }

    /// The arguments of the solver alone.
    pub(crate) fn of_solver(&self) -> Vec<String> {
        flag("--backend", Some(&self.backend)).into_iter().flatten().collect()
    }
}

/// A flag and its value as they are written, if one is given.
fn flag<V: ValueEnum>(flag: &str, value: Option<&V>) -> Option<[String; 2]> {
    Some([flag.to_owned(), value?.to_possible_value()?.get_name().to_owned()])
}
