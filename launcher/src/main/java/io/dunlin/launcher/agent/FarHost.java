package io.dunlin.launcher.agent;

import io.dunlin.collectives.transport.HostNetwork;
import io.dunlin.error.DunlinException;
import io.dunlin.launcher.agent.HostOrder.RankId;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.place.Signals;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.LaunchSpec;
import io.dunlin.launcher.worker.ReportStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The agent's hand on another host, started there through the remote shell: it runs the host's media driver and its ranks,
 * passes on what they say and are told, and ends them when its input ends.
 */
final class FarHost {
    private static final Duration LEAVE = Duration.ofSeconds(5);

    private final BufferedReader in;
    private final PrintStream out;
    private final Map<RankId, RankHandle> ranks = new HashMap<>();

    FarHost(BufferedReader in, PrintStream out) {
        this.in = in;
        this.out = out;
    }

    /** Serves one run; the arguments are for people who list processes. */
    public static void main(String[] arguments) {
        PrintStream words = ReportStream.take();
        // When the shell goes, so does the input: that says it all.
        Signals.handle("INT", () -> {});
        Signals.handle("HUP", () -> {});
        new FarHost(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), words).serve();
        System.exit(0);
    }

    /** Returns when the input has ended and no rank is left. */
    void serve() {
        if (next().orElse(null) instanceof HostOrder.Open open) {
            try {
                serve(open);
            } catch (DunlinException e) {
                say(new HostWord.Refused(e.code(), String.valueOf(e.getMessage()), e.remedy()));
            }
        }
    }

    private void serve(HostOrder.Open open) {
        requireSharedFolder(open);
        List<Integer> ports = Ports.choose(open.address(), open.ports());
        if (open.ranks() == 1) {
            serve(open, ports, "");
            return;
        }
        try (HostStreams streams =
                HostStreams.open(open.streamsParent(), open.streamsName(), ports.size(), open.ranks())) {
            serve(open, ports, streams.aeronDir());
        }
    }

    private void serve(HostOrder.Open open, List<Integer> ports, String aeronDir) {
        RankLauncher launcher =
                JvmRankLauncher.standard(Installation.current(), new RunFolder(open.runFolder()), this::onEvent);
        say(new HostWord.Ready(Runtime.getRuntime().availableProcessors(), ports, HostNetwork.look(open.address())));
        for (Optional<HostOrder> order = next(); order.isPresent(); order = next()) {
            carryOut(order.get(), launcher, aeronDir);
        }
        endRanks();
    }

    private static void requireSharedFolder(HostOrder.Open open) {
        try {
            if (Files.readString(HostOrder.Open.proofIn(new RunFolder(open.runFolder())))
                    .equals(open.proof())) {
                return;
            }
        } catch (IOException e) {
            throw LaunchException.runFolderNotShared(open.runFolder());
        }
        throw LaunchException.runFolderNotShared(open.runFolder());
    }

    private void carryOut(HostOrder order, RankLauncher launcher, String aeronDir) {
        switch (order) {
            case HostOrder.Start(LaunchSpec spec) -> start(spec.withAeronDir(aeronDir), launcher);
            case HostOrder.Tell tell -> rank(tell.to()).ifPresent(rank -> rank.send(tell.command()));
            case HostOrder.Kill(RankId id) -> rank(id).ifPresent(RankHandle::kill);
            case HostOrder.Look(RankId id) ->
                say(new HostWord.State(id, rank(id).map(RankHandle::state).orElse("ended")));
            case HostOrder.Open _ -> throw new IllegalStateException("this host is open already");
        }
    }

    private void start(LaunchSpec spec, RankLauncher launcher) {
        RankId id = RankId.of(spec);
        synchronized (ranks) {
            try {
                RankHandle rank = launcher.start(spec);
                ranks.put(id, rank);
                say(new HostWord.Started(id, rank.pid()));
            } catch (LaunchException e) {
                say(new HostWord.NotStarted(id, String.valueOf(e.getMessage())));
            }
        }
    }

    private Optional<RankHandle> rank(RankId id) {
        synchronized (ranks) {
            return Optional.ofNullable(ranks.get(id));
        }
    }

    private void onEvent(AgentEvent event) {
        switch (event) {
            case AgentEvent.Reported said ->
                say(new HostWord.Said(new RankId(said.generation(), said.rank()), said.report()));
            case AgentEvent.Exited exited -> {
                RankId id = new RankId(exited.generation(), exited.rank());
                synchronized (ranks) {
                    ranks.remove(id);
                    ranks.notifyAll();
                    say(new HostWord.Exited(id, exited.exit().status()));
                }
            }
            case AgentEvent.Asked _ -> throw new IllegalStateException("a rank asks for nothing");
        }
    }

    /** Their input ends with this process; one that stands still has to be killed. */
    private void endRanks() {
        long deadlineNs = System.nanoTime() + LEAVE.toNanos();
        synchronized (ranks) {
            ranks.values().forEach(RankHandle::kill);
            try {
                for (long leftNs = LEAVE.toNanos();
                        !ranks.isEmpty() && leftNs > 0;
                        leftNs = deadlineNs - System.nanoTime()) {
                    ranks.wait(leftNs / 1_000_000 + 1);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Optional<HostOrder> next() {
        try {
            while (true) {
                String line = in.readLine();
                if (line == null) {
                    return Optional.empty();
                }
                Optional<HostOrder> order = JsonLine.read(line, HostOrder.class);
                if (order.isPresent()) {
                    return order;
                }
            }
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void say(HostWord word) {
        String line = JsonLine.write(word);
        synchronized (out) {
            out.print(line + "\n");
            out.flush();
        }
    }
}
