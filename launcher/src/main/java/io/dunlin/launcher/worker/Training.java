package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointPolicy;
import io.dunlin.checkpoint.CheckpointWriter;
import io.dunlin.checkpoint.Checkpointer;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.data.BatchPlan;
import io.dunlin.data.BatchSource;
import io.dunlin.data.SampleOrder;
import io.dunlin.data.Share;
import io.dunlin.data.TokenBatchSource;
import io.dunlin.data.TokenShards;
import io.dunlin.device.Device;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.report.Report;
import io.dunlin.model.Model;
import io.dunlin.model.PassKind;
import io.dunlin.optim.AdamW;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.parallel.shard.QuantizedTransfers;
import io.dunlin.parallel.shard.Sharding;
import io.dunlin.train.Evaluation;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.LocalExecutor;
import io.dunlin.train.StepListener;
import io.dunlin.train.TrainState;
import io.dunlin.train.Trainer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * The composition root: makes the parts of a job and joins them, the same on every rank, with the same listeners in the
 * same order.
 */
final class Training implements AutoCloseable {
    private final LaunchSpec spec;
    private final Job job;
    private final AgentLink link;
    private final Orders orders;
    private final TrainState state;

    private final Device device;
    private final Sharding sharding;
    private final Model model;
    private final BatchPlan plan;
    private final GradientExchange exchange;
    private final AdamW optimizer;
    private final Peers peers;
    private final BatchSource batches;
    private final List<BatchSource> validation = new ArrayList<>();
    private final SentBytes sent;
    private final TrafficReport traffic;
    private final SampleReports samples;
    private final Checkpointer checkpointer;
    private final Trainer trainer;

    private Training(LaunchSpec spec, Job job, Links links, AgentLink link, Orders orders, TrainState state) {
        this.spec = spec;
        this.job = job;
        this.link = link;
        this.orders = orders;
        this.state = state;
        ComputeDevice opened =
                ComputeDevice.open(job.train().device(), spec.seat(), links.memory(), Links.patience(job));
        opened.remark().ifPresent(this::report);
        device = opened.device();
        sharding = links.sharding(job);
        model = Model.create(job.model().config(), device, job.train().precision(), sharding::weights);
        plan = BatchPlan.of(
                job.model().context(), job.train().microBatch(), job.train().tokensPerStep());
        exchange = sharding.exchange(model);
        peers = links.peers();
        LocalExecutor executor = sharding.executor(
                model,
                model.plan(plan.microBatch(), plan.context(), job.train().recompute(), PassKind.TRAIN),
                exchange);
        optimizer = new AdamW(model.owned(), device, JobParts.adamW(job.optimizer()));
        TokenShards shards = open(spec.data().train());
        batches = new TokenBatchSource(shards, plan, order(), job.timeouts().step());
        sent = links.sentBytes();
        traffic = new TrafficReport(job, links.topology());
        samples = samples();
        checkpointer = checkpointer();
        trainer = new Trainer(
                executor,
                optimizer,
                batches,
                new Trainer.Settings(JobParts.learningRate(job), job.optimizer().clip(), share()),
                System::nanoTime,
                listeners(links));
        links.requireAgreement(spec, opened.kind());
        plan.remarks().forEach(remark -> link.report(new Report.Notice(Report.Level.INFO, "", remark)));
        link.report(new Report.Prepared(
                device.description(),
                model.config().parameterCount(),
                device.allocatedBytes().entrySet().stream()
                        .map(entry -> new Report.Memory(entry.getKey(), entry.getValue()))
                        .toList(),
                plan.microBatches(),
                shards.count(),
                validationTokens()));
    }

    /** Makes all parts, allocates all memory, and puts the run where it begins. */
    static Training open(LaunchSpec spec, Job job, Links links, AgentLink link, Orders orders, TrainState state) {
        Training training = new Training(spec, job, links, link, orders, state);
        new Beginning(spec, job, training.content(), training.peers, link).begin(training.model, state);
        training.checkpointer.begin(state);
        return training;
    }

    /** Trains to the end of the run, or until all ranks agree to stop; saves either way. */
    Trainer.Ending run() {
        sent.open();
        Trainer.Ending ending = trainer.run(state, job.train().steps());
        long[] sentBytes = sent.ofAllRanks();
        if (ending == Trainer.Ending.COMPLETE) {
            checkpointer.finish(state);
            samples.atTheEnd(state);
        }
        if (spec.rank() == 0) {
            traffic.of(state.step(), sent.steps(), sentBytes).ifPresent(link::report);
        }
        return ending;
    }

    private void report(ComputeDevice.Remark remark) {
        Report.Level level =
                switch (remark) {
                    case ComputeDevice.Remark.NoGpu _ -> Report.Level.INFO;
                    case ComputeDevice.Remark.UnusableGpu _, ComputeDevice.Remark.Shared _ -> Report.Level.WARNING;
                };
        link.report(new Report.Notice(level, "", remark.text()));
    }

    private List<StepListener> listeners(Links links) {
        List<StepListener> listeners = new ArrayList<>();
        listeners.add(sent.closing()); // first: what the others communicate does not belong to the step
        listeners.add(new StepReports(link, orders, job.train().steps()));
        if (spec.rank() == 0 && !job.parallel().quantization().none()) {
            listeners.add(new QuantizationReports(link, sharding.transfers(model)));
        }
        if (!spec.data().validate().isEmpty() && job.eval().interval() > 0) {
            BatchSource source = TokenBatchSource.validation(
                    open(spec.data().validate()), plan, job.timeouts().step());
            validation.add(source);
            Evaluation evaluation = new Evaluation(
                    model.plan(plan.microBatch(), plan.context(), job.train().recompute(), PassKind.EVALUATE),
                    source,
                    exchange,
                    new Evaluation.Settings(job.eval().batches(), share()));
            long tokens = Math.min(job.eval().batches() * plan.tokensPerStep(), validationTokens());
            listeners.add(
                    new EvaluationReports(link, evaluation, job.eval().interval(), tokens, checkpointer::evaluated));
        }
        listeners.add(samples);
        listeners.add(checkpointer);
        listeners.add(links.iterations()); // after those that communicate: in a record, that belongs to the step
        listeners.add(sent.opening()); // last
        return listeners;
    }

    private Checkpointer checkpointer() {
        CheckpointWriter writer =
                new CheckpointWriter(folder(spec), peers, spec.generation(), orders, InstantSource.system());
        CheckpointPolicy policy = JobParts.checkpoints(job.checkpoint());
        return new Checkpointer(writer, content(), policy, new CheckpointReports(link));
    }

    private RunContent content() {
        QuantizedTransfers transfers = sharding.transfers(model);
        return RunContent.of(model, optimizer, copies(), JobParts.facts(job))
                .with(new RunContent.Auxiliary(transfers.saved(), transfers.state(), transfers::begin));
    }

    private RunContent.Copies copies() {
        Mesh mesh = sharding.mesh();
        return new RunContent.Copies(mesh.position().replica(), mesh.spans().replica());
    }

    private Share share() {
        return sharding.mesh().share();
    }

    /** Where weights are spread, a text takes all ranks to write. */
    private SampleReports samples() {
        if (spec.rank() == 0) {
            return SampleReports.writing(link, job, model);
        }
        return sharding.mesh().degrees().weights() == Spread.NONE
                ? SampleReports.waiting(link, job)
                : SampleReports.helping(link, job, model);
    }

    static CheckpointFolder folder(LaunchSpec spec) {
        return new CheckpointFolder(spec.runFolder().resolve("ckpt"), new LocalStorage());
    }

    private TokenShards open(List<Path> paths) {
        return TokenShards.open(paths, job.data().tokenizer(), job.model().vocab());
    }

    private SampleOrder order() {
        return job.data().shuffle() ? SampleOrder.shuffled(job.run().seed()) : SampleOrder.inOrder();
    }

    private long validationTokens() {
        if (spec.data().validate().isEmpty()) {
            return 0;
        }
        try (TokenShards shards = open(spec.data().validate())) {
            return shards.count();
        }
    }

    @Override
    public void close() {
        batches.close();
        validation.forEach(BatchSource::close);
        exchange.close();
        device.close();
    }
}
