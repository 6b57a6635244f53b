package io.dunlin.launcher.worker;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.place.SharedFolder;
import io.dunlin.launcher.place.Signals;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.train.StepRequest;
import io.dunlin.train.TrainState;
import io.dunlin.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The main class of a rank process: reads its {@link LaunchSpec}, joins its generation, trains, leaves.
 *
 * <p>A failure of any thread is said to the agent and ends the process at once: nothing is closed on that way, because
 * the end of the process closes everything, and closing might wait for a peer that is gone.
 */
public final class Worker {
    /** Beyond the deadlines that the agent watches: these here are for an agent that does not. */
    private static final Duration SLACK = Duration.ofSeconds(30);

    private final AgentLink link;
    private final LaunchSpec spec;
    private final Job job;
    private final TrainState state;
    private final Orders orders;

    private Worker(AgentLink link, LaunchSpec spec, Job job, TrainState state, Orders orders) {
        this.link = link;
        this.spec = spec;
        this.job = job;
        this.state = state;
        this.orders = orders;
    }

    /** Runs one rank; the arguments are for people who list processes. */
    public static void main(String[] arguments) {
        AgentLink link = new AgentLink(System.in, ReportStream.take());
        TrainState state = new TrainState();
        Thread.setDefaultUncaughtExceptionHandler(
                new LastWords(link, state::step, () -> false, Runtime.getRuntime()::halt));
        LaunchSpec spec = link.specification();
        Job job = JobFile.parse(spec.job()).job();
        Orders orders = new Orders(
                link, state, Thread.currentThread(), job.timeouts().rendezvous().plus(SLACK));
        Thread.setDefaultUncaughtExceptionHandler(
                new LastWords(link, state::step, orders::wasAborted, Runtime.getRuntime()::halt));
        // A terminal sends its interrupt to all processes in front of it; what it means is for the agent to say.
        Signals.handle("INT", () -> {});
        Signals.handle("HUP", () -> {});
        Signals.handle("TERM", () -> state.request(StepRequest.STOP));
        System.exit(new Worker(link, spec, job, state, orders).run().number());
    }

    private ExitCode run() {
        Optional<SharedFolder> shared = spec.aeronDir().isEmpty() ? Optional.empty() : Optional.of(join());
        link.listen(orders, () -> leaveWithoutAgent(shared));
        try (Links links = Links.open(spec, job, link, orders)) {
            link.report(new Report.Ready(spec.generation(), spec.memberHash()));
            orders.awaitGo(spec.rank());
            link.enter(Phase.LOAD);
            Training training = Training.open(spec, job, links, link, orders, state);
            link.enter(Phase.FIRST_STEP);
            Trainer.Ending ending = training.run();
            boolean complete = ending == Trainer.Ending.COMPLETE;
            link.report(new Report.Done(state.step(), complete ? Report.End.FINISHED : Report.End.STOPPED));
            training.close();
            return complete ? ExitCode.DONE : ExitCode.STOPPED;
        } finally {
            shared.ifPresent(SharedFolder::close);
        }
    }

    private SharedFolder join() {
        try {
            return SharedFolder.joinAround(Path.of(spec.aeronDir()));
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the media driver is gone", e);
        }
    }

    /** The agent is gone and the media driver with it: nothing can be finished, the last rank clears the folder. */
    private static void leaveWithoutAgent(Optional<SharedFolder> shared) {
        System.err.println("the agent is gone: leaving");
        shared.ifPresent(SharedFolder::leave);
        Runtime.getRuntime().halt(ExitCode.RANK_FAILED.number());
    }
}
