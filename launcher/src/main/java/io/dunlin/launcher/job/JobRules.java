package io.dunlin.launcher.job;

import io.dunlin.launcher.place.HostSlots;
import io.dunlin.model.Family;
import io.dunlin.parallel.ParallelException;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.MeshException;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.train.Accumulation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** What must hold between the values of a job. */
final class JobRules {
    private static final Map<String, Integer> TOKENIZERS = Map.of("byte", 256, "gpt2", 50_257);

    private final ResolvedJob resolved;
    private final Job job;
    private final List<Problem> problems = new ArrayList<>();
    private boolean hostsAreSound;

    JobRules(ResolvedJob resolved) {
        this.resolved = resolved;
        this.job = resolved.job();
    }

    /** Everything that is wrong; empty if the job can be run. */
    List<Problem> check() {
        name();
        heads();
        data();
        tokenizer();
        batch();
        betas();
        hosts();
        layout();
        topology();
        quantization();
        return problems;
    }

    private void name() {
        if (!job.run().name().matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            problem(
                    "DUN-102",
                    "run.name",
                    "becomes a folder's name: letters, digits and . _ - only, at most 64, found "
                            + ValueReader.show(job.run().name()));
        }
    }

    private void heads() {
        ModelSettings model = job.model();
        if (model.width() % model.heads() != 0) {
            String key = explicit("model.heads", "model.width");
            problem(
                    "DUN-111",
                    key,
                    "heads = %d does not divide width = %d      possible heads: %s"
                            .formatted(model.heads(), model.width(), divisors(model.width())));
            return;
        }
        if (model.heads() % model.kvHeads() != 0) {
            problem(
                    "DUN-113",
                    explicit("model.kv_heads", "model.heads"),
                    "kv_heads = %d does not divide heads = %d      possible: %s"
                            .formatted(model.kvHeads(), model.heads(), divisors(model.heads())));
        } else if (model.family() == Family.GPT && model.kvHeads() != model.heads()) {
            problem(
                    "DUN-113",
                    explicit("model.kv_heads", "model.family"),
                    "kv_heads = %d, but a gpt has one for each of its %d heads; grouped heads need family = \"llama\""
                            .formatted(model.kvHeads(), model.heads()));
        }
        if (model.family() == Family.LLAMA && model.width() / model.heads() % 2 != 0) {
            problem(
                    "DUN-114",
                    explicit("model.heads", "model.width"),
                    "heads are %d wide, but rotary positions turn pairs: width / heads must be even"
                            .formatted(model.width() / model.heads()));
        }
    }

    private void data() {
        DataSettings data = job.data();
        if (data.text().isEmpty() && data.train().isEmpty()) {
            problems.add(new Problem(
                    "DUN-117",
                    "nothing to train on: neither data.text nor data.train is given",
                    "--set data.text=PATH for a file or folder of text, or --set data.text=jdk-source"));
        } else if (!data.text().isEmpty() && !data.train().isEmpty()) {
            problem(
                    "DUN-117",
                    explicit("data.text", "data.train"),
                    "data.text and data.train are both given: text is prepared into shards, train names shards. Keep one");
        } else if (!data.text().isEmpty() && !data.validate().isEmpty()) {
            problem(
                    "DUN-117",
                    "data.validate",
                    "names shards, but the training data is text: its share data.validation is kept for validation");
        }
        if (!job.data().validates() && job.eval().interval() > 0 && isExplicit("eval.interval")) {
            problem("DUN-117", "eval.interval", "asks for validation losses, but there is no validation data");
        }
    }

    private void tokenizer() {
        String name = job.data().tokenizer();
        Integer tokens = TOKENIZERS.get(name);
        if (tokens == null) {
            String known = TOKENIZERS.keySet().stream().sorted().collect(Collectors.joining(" "));
            problem("DUN-102", "data.tokenizer", "unknown tokenizer '" + name + "'. There are: " + known);
        } else if (tokens > job.model().vocab()) {
            problem(
                    "DUN-116",
                    explicit("model.vocab", "data.tokenizer", "model.preset"),
                    "the model knows %d tokens, but tokenizer %s makes %d: set model.vocab to at least %d"
                            .formatted(job.model().vocab(), name, tokens, tokens));
        }
    }

    /** Nothing needs to divide anything: see {@link io.dunlin.data.BatchPlan}. */
    private void batch() {
        long tokens = job.train().tokensPerStep();
        if (tokens / job.model().context() >= Integer.MAX_VALUE) {
            problem(
                    "DUN-115",
                    explicit("train.tokens_per_step", "model.context"),
                    "tokens_per_step = %d are more than 2^31 samples of context %d"
                            .formatted(tokens, job.model().context()));
        }
    }

    private void betas() {
        List<Double> betas = job.optimizer().betas();
        if (betas.size() != 2 || betas.stream().anyMatch(beta -> beta >= 1)) {
            problem(
                    "DUN-102",
                    "optimizer.betas",
                    "expects two numbers below 1 such as [0.9, 0.95], found " + ValueReader.show(betas));
        }
    }

    private void hosts() {
        int before = problems.size();
        if (!job.launch().hosts().isEmpty()) {
            namedHosts(job.launch());
        }
        hostsAreSound = problems.size() == before;
    }

    private void namedHosts(LaunchSettings launch) {
        List<HostSlots> hosts = launch.hostSlots();
        if (hosts.size() < launch.hosts().size()) {
            problem(
                    "DUN-118",
                    "launch.hosts",
                    "expects names or addresses, each with a number of ranks if it has a limit (\"10.0.0.2:4\"), found "
                            + ValueReader.show(launch.hosts()));
        } else if (hosts.stream().map(HostSlots::name).distinct().count() < hosts.size()) {
            problem("DUN-118", "launch.hosts", "names a host twice: " + ValueReader.show(launch.hosts()));
        } else if (launch.ranks() > HostSlots.room(hosts)) {
            problem(
                    "DUN-118",
                    explicit("launch.ranks", "launch.hosts"),
                    "%d ranks do not fit into the %d slots of launch.hosts = %s"
                            .formatted(launch.ranks(), HostSlots.room(hosts), ValueReader.show(launch.hosts())));
        } else if (launch.transport() == LaunchSettings.TransportKind.IPC
                && Math.min(hosts.size(), launch.ranks()) > 1) {
            problem(
                    "DUN-118",
                    explicit("launch.transport", "launch.hosts"),
                    "shared memory does not reach other hosts: set launch.transport = \"auto\"");
        }
    }

    private void layout() {
        int ranks = job.launch().ranks();
        int dp = job.parallel().dp().in(ranks);
        if (dp != ranks) {
            problems.add(Problem.at(
                            "DUN-112",
                            resolved.origin("parallel.dp"),
                            KeyPath.of("parallel.dp"),
                            "layout does not fit the world: dp %d = %d ranks, but launch.ranks = %d"
                                    .formatted(dp, dp, ranks))
                    .remedy("set parallel.dp = \"rest\", or start with " + dp + " ranks"));
        }
    }

    private void topology() {
        String given = job.parallel().topology();
        if (given.isEmpty()) {
            if (hostsAreSound) {
                mesh("launch.hosts", "launch.ranks");
            }
            return;
        }
        Optional<TopologyText> text = TopologyText.parse(given);
        if (text.isEmpty()) {
            problem(
                    "DUN-102",
                    "parallel.topology",
                    "expects " + TopologyText.FORM + ", found " + ValueReader.show(given));
        } else if (text.get().size() != job.launch().ranks()) {
            problem(
                    "DUN-112",
                    "parallel.topology",
                    "%s = %d ranks, but launch.ranks = %d"
                            .formatted(
                                    text.get(), text.get().size(), job.launch().ranks()));
        } else {
            mesh("parallel.topology");
        }
    }

    /** What the mesh says of these degrees where the ranks will be, as {@code keys} say; it says it of each rank alike. */
    private void mesh(String... keys) {
        try {
            Mesh.of(job.parallel().shard().degrees(), JobOutline.topology(job), 0);
        } catch (MeshException e) {
            String key = explicit(
                    Stream.concat(Stream.of("parallel.shard"), Stream.of(keys)).toArray(String[]::new));
            problems.add(Problem.at(e.code(), resolved.origin(key), KeyPath.of(key), String.valueOf(e.getMessage()))
                    .remedy(e.remedy()));
        }
    }

    /** Messages with fewer bits need a scheme that sends what they are for. */
    private void quantization() {
        double beta = job.parallel().zeroppLocoParam().errBeta();
        if (beta >= 1) {
            problem("DUN-102", "parallel.zeropp_loco_param.err_beta", "expects a number below 1, found " + beta);
            return;
        }
        if (job.parallel().zeroQuantizedBlock() % 2 != 0) {
            problem(
                    "DUN-102",
                    "parallel.zero_quantized_block",
                    "expects an even number of elements, found "
                            + job.parallel().zeroQuantizedBlock());
            return;
        }
        try {
            job.parallel()
                    .quantization()
                    .check(
                            job.parallel().shard().degrees(),
                            job.run().deterministic() ? Accumulation.TREE : Accumulation.RUNNING,
                            job.train().precision().activations());
        } catch (ParallelException e) {
            String key = explicit(
                    "parallel.zero_quantized_weights",
                    "parallel.zero_quantized_gradients",
                    "parallel.zero_quantized_refresh",
                    "parallel.zeropp_loco_param.err_beta");
            problems.add(Problem.at(e.code(), resolved.origin(key), KeyPath.of(key), String.valueOf(e.getMessage()))
                    .remedy(e.remedy()));
        }
    }

    private void problem(String code, String key, String what) {
        problems.add(Problem.at(code, resolved.origin(key), KeyPath.of(key), what));
    }

    /** The first of the keys that somebody gave, the command line before files: the error points there. */
    private String explicit(String... keys) {
        return Stream.of(keys)
                .filter(this::isExplicit)
                .min(Comparator.comparing(key -> !(resolved.origin(key) instanceof Origin.CommandLine)))
                .orElse(keys[0]);
    }

    private boolean isExplicit(String key) {
        return switch (resolved.origin(key)) {
            case Origin.File _, Origin.CommandLine _ -> true;
            case Origin.Preset _, Origin.Checkpoint _, Origin.Derived _, Origin.Standard _ -> false;
        };
    }

    private static String divisors(int number) {
        return LongStream.rangeClosed(1, number)
                .filter(candidate -> number % candidate == 0)
                .mapToObj(Long::toString)
                .collect(Collectors.joining(" "));
    }
}
