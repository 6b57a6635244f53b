package io.dunlin.launcher.agent;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A run that cannot be started, found or controlled. */
public final class LaunchException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private LaunchException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    private LaunchException(String code, String message, String remedy, ExitCode exitCode, Throwable cause) {
        super(code, message, remedy, exitCode, cause);
    }

    /** DUN-201: the operating system did not start a process. */
    public static LaunchException processNotStarted(int rank, Throwable cause) {
        return new LaunchException(
                "DUN-201",
                "the process of rank %d could not be started: %s".formatted(rank, cause.getMessage()),
                "dunlin doctor",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-130: no run there. */
    static LaunchException noRun(Path folder, int runs, int matches) {
        return new LaunchException(
                "DUN-130",
                "%s is not a run folder (it has no job.toml)%s"
                        .formatted(folder, matches > 1 ? ", and %d runs begin like that".formatted(matches) : ""),
                runs == 0 ? "dunlin train JOB" : "name a run folder, the beginning of its name, or last",
                ExitCode.USAGE);
    }

    /** DUN-130: nothing under the runs folder. */
    public static LaunchException noRunsIn(Path runs) {
        return new LaunchException(
                "DUN-130", "there is no run in %s yet".formatted(runs), "dunlin train JOB", ExitCode.USAGE);
    }

    /** DUN-207: a run is there already. */
    static LaunchException runExists(Path folder) {
        return new LaunchException(
                "DUN-207",
                "%s holds a run already".formatted(folder),
                "to go on with it: dunlin resume %s      or name another folder".formatted(folder),
                ExitCode.USAGE);
    }

    /** DUN-208: somebody else runs it. */
    static LaunchException alreadyRunning(Path folder) {
        return new LaunchException(
                "DUN-208",
                "another agent is training %s".formatted(folder),
                "dunlin status %1$s      to end it: dunlin stop %1$s".formatted(folder),
                ExitCode.USAGE);
    }

    /** DUN-204: a rank's port is taken. */
    static LaunchException portTaken(String address, int port, Throwable cause) {
        return new LaunchException(
                "DUN-204",
                "UDP port %d on %s is taken by another process (ranks use the ports after launch.port)"
                        .formatted(port, address),
                "set launch.port = 0 for any free ports, or another number",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-403: the folder in shared memory cannot be made. */
    public static LaunchException sharedFolder(Path parent, Throwable cause) {
        return new LaunchException(
                "DUN-403",
                "no folder for the media driver can be made in %s: %s".formatted(parent, cause),
                "set launch.aeron_dir to a folder in memory (tmpfs) that you may write to",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-405: the run folder cannot be written. */
    static LaunchException runFolder(Path folder, Throwable cause) {
        return new LaunchException(
                "DUN-405",
                "%s cannot be written: %s".formatted(folder, cause),
                "set run.dir to a folder that you may write to and that has room",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-220: the remote shell could not be run, or ended before the host was ready. */
    static LaunchException remoteShell(String host, String command, String why) {
        return new LaunchException(
                "DUN-220",
                "the remote shell to %s failed: %s".formatted(host, why),
                "try it by hand: %s java -version      or set launch.remote_shell".formatted(command),
                ExitCode.ENVIRONMENT);
    }

    /** DUN-220: a path that a shell on the way would change. */
    static LaunchException unsafeWord(String word) {
        return new LaunchException(
                "DUN-220",
                "'%s' has a character that a remote shell may change: only letters, digits and %s reach other hosts as they are"
                        .formatted(word, "_ . , : / @ % + = -"),
                "move Dunlin, its JDK or the run to a folder without such characters",
                ExitCode.ENVIRONMENT);
    }

    /** DUN-220: the run is being left while it begins. */
    static LaunchException leaving() {
        return new LaunchException(
                "DUN-220", "the run was left before its hosts were ready", "start it again", ExitCode.INTERRUPTED);
    }

    /** DUN-118: two names lead to one host. */
    static LaunchException sameHost(List<String> names) {
        return new LaunchException(
                "DUN-118",
                "launch.hosts names this host more than once: %s".formatted(String.join(", ", names)),
                "name it once, with as many ranks as it shall have: \"%s:4\"".formatted(names.getFirst()),
                ExitCode.USAGE);
    }

    /** DUN-221: nothing was heard of a host in time. */
    static LaunchException hostSilent(String host, Duration waited, Path log) {
        return new LaunchException(
                "DUN-221",
                "host %s has not answered for %d s; what its shell said is in %s"
                        .formatted(host, waited.toSeconds(), log),
                "is it up, and does the remote shell work without a password? A slow one needs a larger timeouts.rendezvous",
                ExitCode.ENVIRONMENT);
    }

    /** DUN-221: nobody knows the host. */
    static LaunchException unknownHost(String host, Throwable cause) {
        return new LaunchException(
                "DUN-221",
                "host %s of launch.hosts is unknown here: %s".formatted(host, cause),
                "name hosts by their addresses",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-222: a host cannot do what is asked of it. */
    static LaunchException hostRefused(String host, HostWord.Refused refused) {
        return new LaunchException(
                "DUN-222",
                "host %s cannot take part: %s%s"
                        .formatted(host, refused.code().isEmpty() ? "" : refused.code() + "  ", refused.message()),
                refused.remedy(),
                ExitCode.ENVIRONMENT);
    }

    /** DUN-222: an address of launch.hosts is not the one of the host that the shell leads to. */
    static LaunchException foreignAddress(String address, Throwable cause) {
        return new LaunchException(
                "DUN-222",
                "no port of %s can be opened: %s".formatted(address, cause.getMessage()),
                "launch.hosts must name each host by an address of its own, and the remote shell must lead there",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-222: other hosts cannot reach an address of this kind. */
    static LaunchException loopback(String host, String address) {
        return new LaunchException(
                "DUN-222",
                "%s is %s here, which other hosts of the run cannot reach".formatted(host, address),
                "name every host in launch.hosts by its address on the network that joins them",
                ExitCode.ENVIRONMENT);
    }

    /** DUN-223: the run folder is not on a file system that the host shares. */
    static LaunchException runFolderNotShared(Path folder) {
        return new LaunchException(
                "DUN-223",
                "%s is not the folder there that it is for the agent".formatted(folder),
                "put run.dir, the data and ~/.cache/dunlin on a file system that all hosts mount at the same place",
                ExitCode.ENVIRONMENT);
    }
}
