package io.dunlin.launcher.agent;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.AgentEvent.Ask;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.place.Signals;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.RunListener;
import io.dunlin.launcher.worker.LaunchSpec;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Trains one run, on this host and others, from the first process to the last: what {@code dunlin train} and {@code dunlin resume}
 * do.
 *
 * <p>Whichever way it ends, no process, no file in shared memory and no open port stays behind; if this process is
 * killed, its ranks see the end of their standard input, leave, and the last one clears the shared folder.
 */
public final class NodeAgent {
    private static final Duration LEAVE = Duration.ofSeconds(5);
    private static final long NEVER = Long.MIN_VALUE;

    /** One Ctrl-C may arrive twice: from the terminal, and passed on by a command that runs this one. */
    private static final long ECHO_NS = 20_000_000L;

    private final Order order;
    private final RunListener listener;
    private final LiveTimeline timeline = new LiveTimeline(Clock.systemUTC());
    private final long startNs = timeline.nowNs();
    private boolean supervising;

    /**
     * What to train.
     *
     * @param job resolved
     * @param folder of the run; it exists
     * @param start where training begins
     * @param installation whose java and options file ranks use
     */
    public record Order(ResolvedJob job, RunFolder folder, LaunchSpec.Start start, Installation installation) {
        private Job settings() {
            return job.job();
        }
    }

    /**
     * An agent that does nothing yet.
     *
     * @param listener told of everything
     */
    public NodeAgent(Order order, RunListener listener) {
        this.order = order;
        this.listener = listener;
    }

    /**
     * Trains to the end, whichever it is.
     *
     * @return how it ended; listeners have been told why
     * @throws io.dunlin.error.DunlinException if the run could not be started at all
     */
    public ExitCode run() {
        RunFolder folder = order.folder();
        try (RunLock _ = RunLock.take(folder);
                SwitchFiles switches = new SwitchFiles(folder, timeline::post)) {
            switches.discard();
            handleSignals();
            Job job = order.settings();
            tell(new RunEvent.Started(
                    folder.root(),
                    job.run().name(),
                    job.launch().ranks(),
                    Site.transport(job.launch()),
                    job.train().steps()));
            try (Site site = Site.open(folder, job.launch())) {
                Hosts hosts = site.openHosts(hosts(site.runId(), folder, job));
                hosts.notices().forEach(this::tell);
                LaunchSpec.DataFiles data = new DataFinder(job.data(), order.installation(), this::tell).find();
                site.registry();
                beginSupervising();
                switches.start();
                return supervise(site, hosts, data);
            } catch (DunlinException e) {
                notStarted();
                throw e;
            }
        }
    }

    private synchronized void beginSupervising() {
        // Only now: a run that cannot be resumed this way must still be resumable as it was.
        Runs.write(order.folder().job(), order.job().toml());
        supervising = true;
    }

    private synchronized void notStarted() {
        if (!supervising) {
            long saved = new CheckpointsOnDisk(order.folder().checkpoints()).newestCompleteStep();
            tell(new RunEvent.NotStarted(saved));
        }
    }

    private Hosts.Settings hosts(String runId, RunFolder folder, Job job) {
        return new Hosts.Settings(
                runId,
                folder,
                job.launch(),
                job.train().threads(),
                job.timeouts().rendezvous(),
                order.installation(),
                timeline::post);
    }

    private ExitCode supervise(Site site, Hosts hosts, LaunchSpec.DataFiles data) {
        Job job = order.settings();
        RunFolder folder = order.folder();
        LaunchSpec spec = new LaunchSpec(
                site.runId(),
                folder.root(),
                order.job().toml(),
                0,
                job.launch().ranks(),
                0,
                "",
                hosts.aeronDir(),
                hosts.network(),
                0,
                data,
                order.start());
        GenerationRun.Context context =
                new GenerationRun.Context(timeline, hosts, site.registry(), listener, deadlines(job));
        return new Supervisor(
                        context,
                        new Supervisor.Assignment(spec, hosts.placement()),
                        new RestartPolicy(job.launch().restarts(), job.launch().backoff()),
                        new CheckpointsOnDisk(folder.checkpoints()),
                        startNs)
                .run(order.start());
    }

    private static Deadlines deadlines(Job job) {
        return new Deadlines(
                job.timeouts().rendezvous(),
                job.timeouts().firstStep(),
                job.timeouts().step(),
                job.eval().batches(),
                job.launch().grace(),
                LEAVE);
    }

    /** The first interrupt asks to stop, the second leaves at once; a request to terminate is always an orderly one. */
    private void handleSignals() {
        AtomicLong firstInterruptNs = new AtomicLong(NEVER);
        Signals.handle("INT", () -> {
            long nowNs = timeline.nowNs();
            long firstNs = firstInterruptNs.compareAndExchange(NEVER, nowNs);
            if (firstNs == NEVER) {
                asked(Ask.STOP, "SIGINT");
            } else if (nowNs - firstNs > ECHO_NS) {
                asked(Ask.INTERRUPT, "SIGINT");
            }
        });
        Signals.handle("TERM", () -> asked(Ask.STOP, "SIGTERM"));
        Signals.handle("HUP", () -> asked(Ask.STOP, "SIGHUP"));
    }

    /**
     * Before any rank has started there is nothing to finish and nothing to save: the process leaves at once. Synchronized,
     * so that none starts meanwhile: {@code exit} does not return.
     */
    private synchronized void asked(Ask what, String by) {
        if (supervising) {
            timeline.post(new AgentEvent.Asked(what, by));
            return;
        }
        Runs.discardUnstarted(order.folder());
        Runtime.getRuntime().exit((what == Ask.STOP ? ExitCode.STOPPED : ExitCode.INTERRUPTED).number());
    }

    private void tell(RunEvent event) {
        listener.on(timeline.now(), event);
    }
}
