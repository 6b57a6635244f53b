package io.dunlin.launcher.agent;

import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.LaunchSpec;
import io.dunlin.launcher.worker.Worker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Starts each rank as a JVM like the agent's own: same java, same options file, same class path. */
final class JvmRankLauncher implements RankLauncher {
    private static final String HEAP = "512m";

    private final Settings settings;
    private final RunFolder folder;
    private final Consumer<AgentEvent> sink;

    /**
     * How ranks are started.
     *
     * @param installation java binary, options file and class path are those of the agent
     * @param mainClass of a rank
     * @param heap largest Java heap, for example {@code 512m}: tensors are outside of it
     */
    record Settings(Installation installation, String mainClass, String heap) {}

    JvmRankLauncher(Settings settings, RunFolder folder, Consumer<AgentEvent> sink) {
        this.settings = settings;
        this.folder = folder;
        this.sink = sink;
    }

    /** Ranks of a run, on whatever host this is. */
    static RankLauncher standard(Installation installation, RunFolder folder, Consumer<AgentEvent> sink) {
        return new JvmRankLauncher(new Settings(installation, Worker.class.getName(), HEAP), folder, sink);
    }

    @Override
    public RankHandle start(LaunchSpec spec) {
        List<String> flags = List.of(
                "-Xmx" + settings.heap(),
                "-XX:+UseSerialGC",
                // Reports are short-lived: a small nursery keeps them from spreading over untouched memory.
                "-Xms32m",
                "-Xmn16m",
                // Compiler and collector threads are sized by what this rank may use, not by what the host has.
                "-XX:ActiveProcessorCount=" + Math.max(1, spec.threads()),
                // Else a killed rank would leave a file in the temporary folder.
                "-XX:-UsePerfData",
                "-XX:+DisplayVMOutputToStderr");
        List<String> command = new ArrayList<>(settings.installation().javaCommand(flags, settings.mainClass()));
        // For whoever reads the list of processes; the rank itself reads its specification.
        command.addAll(List.of(spec.runId(), "rank", Integer.toString(spec.rank())));
        try {
            return RankProcess.start(new ProcessBuilder(command), spec, folder.log(spec.rank()), sink);
        } catch (IOException e) {
            throw LaunchException.processNotStarted(spec.rank(), e);
        }
    }
}
