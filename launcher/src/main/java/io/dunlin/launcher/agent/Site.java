package io.dunlin.launcher.agent;

import io.dunlin.launcher.job.LaunchSettings;
import io.dunlin.launcher.membership.Membership;
import io.dunlin.launcher.report.RunFile;
import io.dunlin.launcher.report.RunFolder;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an agent holds for a run: its member in the run's cluster, and the hosts. All of it goes when this is closed or, if
 * nobody comes to that, when the process shuts down.
 */
final class Site implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Site.class);
    private static final String LOOPBACK = "127.0.0.1";
    private static final int TOKEN_BYTES = 16;

    private final String runId;
    private final Deque<AutoCloseable> held = new ArrayDeque<>();
    private final Thread hook = new Thread(this::release, "site-cleanup");
    private final CompletableFuture<Membership> membership;
    private boolean released;

    private Site(String runId, Membership.Settings settings) {
        this.runId = runId;
        // It takes a second or two to come up, in which the text can be prepared.
        this.membership = CompletableFuture.supplyAsync(
                () -> Membership.open(settings),
                task -> Thread.ofPlatform().daemon().name("membership-start").start(task));
        held.push(this::leaveCluster);
    }

    private void leaveCluster() {
        if (!membership.isCompletedExceptionally()) {
            membership.join().close();
        }
    }

    /** Begins to join the run's cluster. */
    static Site open(RunFolder folder, LaunchSettings launch) {
        SecureRandom random = new SecureRandom();
        String runId = "%s-%06x".formatted(folder.root().getFileName(), random.nextInt(1 << 24));
        byte[] token = new byte[TOKEN_BYTES];
        random.nextBytes(token);
        Membership.Settings settings = new Membership.Settings(
                runId, HexFormat.of().formatHex(token), LOOPBACK, launch.port(), List.of(), lastGeneration(folder));
        Site site = new Site(runId, settings);
        Runtime.getRuntime().addShutdownHook(site.hook);
        return site;
    }

    /** Of earlier agents of this run, so that no two generations of a run ever have the same number. */
    private static long lastGeneration(RunFolder folder) {
        return RunFile.read(folder).map(RunFile.Facts::generation).orElse(0L);
    }

    /** What the console says about how ranks talk. */
    static String transport(LaunchSettings launch) {
        if (launch.ranks() == 1) {
            return "none";
        }
        int hosts = Math.min(Math.max(1, launch.hosts().size()), launch.ranks());
        return switch (launch.transport()) {
            case AUTO -> hosts == 1 ? "ipc" : launch.ranks() > hosts ? "ipc and udp" : "udp";
            case IPC, UDP -> launch.transport().name().toLowerCase(Locale.ROOT);
        };
    }

    /**
     * Names the run in the cluster and in shared memory. Of no other agent, not even an earlier one of the same run:
     * what that left behind is cleared by its own ranks.
     */
    String runId() {
        return runId;
    }

    /**
     * Makes the run's hosts ready; they go with this site, also if that comes first.
     *
     * @throws io.dunlin.error.DunlinException naming the host that cannot be
     */
    Hosts openHosts(Hosts.Settings settings) {
        Hosts hosts = new Hosts(settings);
        hold(hosts);
        hosts.open();
        return hosts;
    }

    private synchronized void hold(Hosts hosts) {
        if (released) {
            hosts.close();
        }
        held.push(hosts);
    }

    /**
     * Waits until this agent is a member.
     *
     * @throws io.dunlin.launcher.membership.MembershipException if it cannot become one
     */
    GenerationRegistry registry() {
        Membership joined = joined();
        return new GenerationRegistry() {
            @Override
            public long open(int ranks) {
                return joined.open(ranks);
            }

            @Override
            public void acknowledge(long generation, int rank, String memberHash) {
                joined.acknowledge(generation, rank, memberHash);
            }

            @Override
            public boolean live(long generation) {
                return joined.live(generation);
            }
        };
    }

    private Membership joined() {
        try {
            return membership.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    /** Gives everything back, last taken first; a part that fails to close does not keep the others. */
    private synchronized void release() {
        released = true;
        while (!held.isEmpty()) {
            try {
                held.pop().close();
            } catch (Exception e) {
                LOG.warn("while leaving", e);
            }
        }
    }

    @Override
    public void close() {
        release();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is shutting down already, and the hook has had its turn or finds nothing.
        }
    }
}
