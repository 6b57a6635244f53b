package io.dunlin.launcher.agent;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.nio.file.Path;

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
}
