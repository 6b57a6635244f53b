package io.dunlin.launcher.agent;

import io.dunlin.launcher.agent.HostOrder.RankId;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.LaunchSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The agent's end of the remote shell to one host. What ranks there say and how they end arrives in the same way as from
 * ranks of the agent's own; when the shell ends, they all have.
 */
final class HostLink implements RankLauncher, AutoCloseable {
    private static final Duration LEAVE = Duration.ofSeconds(6);
    private static final int SHOWN_LINES = 3;
    private static final int NOT_STARTED = 1;

    /** What is behind a shell that has not led to a ready host has little to finish. */
    private static final Duration LEAVE_UNREADY = Duration.ofSeconds(2);

    private final Settings settings;
    private final Process shell;
    private final long logBegin;
    private final OutgoingLines outgoing;
    private final Map<RankId, FarRank> ranks = new HashMap<>();
    private final CompletableFuture<HostWord.Ready> ready = new CompletableFuture<>();
    private boolean lost;

    /**
     * What a link is made of.
     *
     * @param host name
     * @param index its number among the hosts
     * @param shell leads there
     * @param installation at the same place on every host
     * @param folder of the run
     * @param deadline until the host must be ready, and a rank started
     * @param sink takes what ranks say, from a thread of the link
     */
    record Settings(
            String host,
            int index,
            RemoteShell shell,
            Installation installation,
            RunFolder folder,
            Duration deadline,
            Consumer<AgentEvent> sink) {
        private List<String> command(String runId) {
            List<String> java = installation.javaCommand(
                    List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+DisplayVMOutputToStderr"),
                    FarHost.class.getName());
            java.addAll(List.of(runId, host));
            return shell.command(host, index, java);
        }

        /** What the shell, and the process behind it, write to their standard error. */
        Path log() {
            return folder.logs().resolve("host-" + host + ".log");
        }
    }

    private HostLink(Settings settings, Process shell, long logBegin) {
        this.settings = settings;
        this.shell = shell;
        this.logBegin = logBegin;
        this.outgoing = new OutgoingLines(shell.getOutputStream(), "host-%s-in".formatted(settings.host()));
    }

    /**
     * Starts the remote shell; {@link #awaitReady} tells whether it led anywhere.
     *
     * @throws LaunchException if there is no such command
     */
    static HostLink begin(Settings settings, String runId, HostOrder.Open open) {
        List<String> command = settings.command(runId);
        Path log = settings.log();
        try {
            Files.createDirectories(log.getParent());
            long logBegin = Files.exists(log) ? Files.size(log) : 0;
            Process shell = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            HostLink link = new HostLink(settings, shell, logBegin);
            link.order(open);
            Thread.ofPlatform()
                    .daemon()
                    .name("host-%s-out".formatted(settings.host()))
                    .start(link::read);
            return link;
        } catch (IOException e) {
            throw link(settings, String.valueOf(e.getMessage()));
        }
    }

    private static LaunchException link(Settings settings, String why) {
        String prefix = String.join(" ", settings.shell().words(settings.host(), settings.index()));
        return LaunchException.remoteShell(settings.host(), prefix, why);
    }

    /**
     * Waits until the host can take ranks.
     *
     * @throws LaunchException if it cannot, or does not answer in time
     */
    HostWord.Ready awaitReady() {
        try {
            return ready.orTimeout(settings.deadline().toNanos(), TimeUnit.NANOSECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof LaunchException known
                    ? known
                    : LaunchException.hostSilent(settings.host(), settings.deadline(), settings.log());
        }
    }

    private void order(HostOrder order) {
        outgoing.send(JsonLine.write(order));
    }

    private void read() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                Optional<HostWord> word = JsonLine.read(line, HostWord.class);
                if (word.isPresent()) {
                    heard(word.get());
                } else {
                    keep(line);
                }
            }
        } catch (IOException e) {
            keep("the agent could not read what this host says: " + e);
        }
        try {
            ended(shell.waitFor());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void heard(HostWord word) {
        switch (word) {
            case HostWord.Ready all -> ready.complete(all);
            case HostWord.Refused refused ->
                ready.completeExceptionally(LaunchException.hostRefused(settings.host(), refused));
            case HostWord.Started(RankId id, long pid) -> rank(id).ifPresent(rank -> rank.started(pid));
            case HostWord.NotStarted(RankId id, String why) -> {
                rank(id).ifPresent(rank ->
                        rank.notStarted(LaunchException.processNotStarted(id.rank(), new IOException(why))));
                rankEnded(id, new RankExit(NOT_STARTED));
            }
            case HostWord.Said(RankId id, var report) ->
                settings.sink().accept(new AgentEvent.Reported(id.generation(), id.rank(), report));
            case HostWord.Exited(RankId id, int status) -> rankEnded(id, new RankExit(status));
            case HostWord.State(RankId id, String state) -> rank(id).ifPresent(rank -> rank.inState(state));
        }
    }

    private void rankEnded(RankId id, RankExit exit) {
        Optional<FarRank> rank;
        synchronized (ranks) {
            rank = Optional.ofNullable(ranks.remove(id));
        }
        rank.ifPresent(gone -> {
            gone.ended();
            settings.sink().accept(new AgentEvent.Exited(id.generation(), id.rank(), exit));
        });
    }

    private Optional<FarRank> rank(RankId id) {
        synchronized (ranks) {
            return Optional.ofNullable(ranks.get(id));
        }
    }

    private void ended(int status) {
        ready.completeExceptionally(link(settings, "it exited with " + status + lastLines()));
        List<RankId> gone;
        synchronized (ranks) {
            lost = true;
            gone = List.copyOf(ranks.keySet());
        }
        gone.forEach(id -> rankEnded(id, new RankExit(status, settings.host())));
        outgoing.close();
    }

    /** The end of what it has said since this link began. */
    private String lastLines() {
        try {
            byte[] all = Files.readAllBytes(settings.log());
            int begin = (int) Math.min(logBegin, all.length);
            List<String> lines = new String(all, begin, all.length - begin, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("WARNING: Using incubator"))
                    .toList();
            List<String> last = lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size());
            return last.isEmpty() ? "" : ": " + String.join(" / ", last);
        } catch (IOException e) {
            return "";
        }
    }

    /** A greeting of the shell, or what a native library prints. */
    private void keep(String line) {
        try {
            Files.writeString(settings.log(), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            // A log that cannot be written must not end a run.
        }
    }

    @Override
    public RankHandle start(LaunchSpec spec) {
        RankId id = RankId.of(spec);
        FarRank rank = new FarRank(id, settings, this::order);
        synchronized (ranks) {
            if (!lost) {
                ranks.put(id, rank);
                order(new HostOrder.Start(spec));
                return rank;
            }
        }
        // It went between the look at it and now; it is an event like any other end of a rank.
        rank.ended();
        settings.sink().accept(new AgentEvent.Exited(id.generation(), id.rank(), new RankExit(1, settings.host())));
        return rank;
    }

    /** Whether the shell still leads there. */
    boolean lost() {
        synchronized (ranks) {
            return lost;
        }
    }

    /** Ends the host's part in the run: its input ends, and so do its ranks; a shell that stays is killed. */
    @Override
    public void close() {
        closeAll(List.of(this));
    }

    /** Closes all at once, so that one that stays does not hold up the others. */
    static void closeAll(List<HostLink> links) {
        links.forEach(link -> link.outgoing.close());
        long beginNs = System.nanoTime();
        links.forEach(link -> link.awaitEnd(beginNs));
    }

    private void awaitEnd(long sinceNs) {
        boolean unready = !ready.isDone() || ready.isCompletedExceptionally();
        long limitNs = (unready ? LEAVE_UNREADY : LEAVE).toNanos();
        try {
            if (!shell.waitFor(sinceNs + limitNs - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                shell.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            shell.destroyForcibly();
        }
    }
}
