package io.dunlin.launcher.job;

import io.dunlin.launcher.job.Setting.Meaning;
import io.dunlin.launcher.place.HostSlots;
import java.time.Duration;
import java.util.List;

/** {@code [launch]}: how ranks are started, connected and restarted. */
public record LaunchSettings(
        @Setting(value = "Rank processes", standard = "1", min = 1, max = 4096)
        int ranks,

        @Setting(
                value =
                        "Hosts by address or name, each with its most ranks if it has a limit: [\"10.0.0.1\", \"10.0.0.2:4\"];"
                                + " [] = this one",
                standard = "[]")
        List<String> hosts,

        @Setting(
                value =
                        "What is put before a command to run it on another host; {host} and {index} stand for its name and number",
                standard = "\"ssh -o BatchMode=yes -o ServerAliveInterval=2 -o ServerAliveCountMax=3 {host}\"")
        String remoteShell,

        @Setting(
                value =
                        "How ranks talk: auto (shared memory inside a host, udp between hosts), ipc (shared memory) or udp",
                standard = "\"auto\"")
        TransportKind transport,

        @Setting(value = "How often a failed run is started again from its newest checkpoint", standard = "3", min = 0)
        int restarts,

        @Setting(value = "Wait before the first restart; doubled while the run gets no further", standard = "\"1s\"")
        Duration backoff,

        @Setting(value = "Time to finish the step and save after a request to stop", standard = "\"120s\"")
        Duration grace,

        @Setting(
                value = "Folder for the shared memory of the transport; \"\" = one in /dev/shm",
                standard = "\"\"",
                meaning = Meaning.PATH)
        String aeronDir,

        @Setting(value = "First port of the run; 0 = any free one", standard = "0", min = 0, max = 65535)
        int port,

        @Setting(
                value = "File of measured algorithms, by dunlin bench collectives --tune; \"\" = by formulas",
                standard = "\"\"",
                meaning = Meaning.PATH)
        String algorithms,

        @Setting(
                value = "What a host can send to others, in Gbit/s: algorithms are chosen by it, and"
                        + " dunlin plan --gflops reckons with it",
                standard = "10",
                above = 0)
        double networkGbps) {

    /** What a host can send to others. */
    public double networkBytesPerSecond() {
        return networkGbps * 1e9 / 8;
    }

    /** The hosts that are named; none for this one alone. */
    public List<HostSlots> hostSlots() {
        return hosts.stream().flatMap(host -> HostSlots.parse(host).stream()).toList();
    }

    /** How ranks talk. */
    public enum TransportKind {
        /** Shared memory inside a host, sockets between hosts. */
        AUTO,
        /** Shared memory. */
        IPC,
        /** Sockets, also inside a host. */
        UDP
    }
}
