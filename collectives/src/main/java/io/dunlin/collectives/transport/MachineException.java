package io.dunlin.collectives.transport;

import io.aeron.ErrorCode;
import io.aeron.exceptions.RegistrationException;
import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** This machine cannot carry the streams that a run needs. */
public final class MachineException extends DunlinException {
    private static final long serialVersionUID = 1L;
    private static final String MORE_ROOM = "docker --shm-size=2g, or set launch.aeron_dir to a tmpfs with more room";

    private MachineException(String code, String message, String remedy, @Nullable Throwable cause) {
        super(code, message, remedy, ExitCode.ENVIRONMENT);
        if (cause != null) {
            initCause(cause);
        }
    }

    /** {@code DUN-402}: too little room for the log buffers. */
    static MachineException noRoom(Path directory, long neededBytes, long usableBytes, long totalBytes, int ranks) {
        return new MachineException(
                "DUN-402",
                "not enough shared memory: Aeron needs %,d MiB in %s for %d ranks on this host (usable %,d MiB of %,d MiB)"
                        .formatted(neededBytes >> 20, directory, ranks, usableBytes >> 20, totalBytes >> 20),
                MORE_ROOM,
                null);
    }

    /** {@code DUN-402}: too little room for tensors that ranks share. */
    static MachineException noRoomForTensors(Path directory, long bytes, Throwable cause) {
        return new MachineException(
                "DUN-402",
                "not enough shared memory: %,d bytes for tensors in %s: %s"
                        .formatted(bytes, directory, cause.getMessage()),
                MORE_ROOM,
                cause);
    }

    /** {@code DUN-406}: the folder is in use, or cannot be used. */
    static MachineException badDirectory(Path directory, String why, String remedy, @Nullable Throwable cause) {
        return new MachineException("DUN-406", "cannot use %s for Aeron: %s".formatted(directory, why), remedy, cause);
    }

    /** {@code DUN-407}: no driver serves the folder. */
    static MachineException noDriver(Path directory, Throwable cause) {
        return new MachineException(
                "DUN-407",
                "no Aeron media driver answers in %s: %s".formatted(directory, cause.getMessage()),
                "the node agent runs one for each host: is it still alive?",
                cause);
    }

    /**
     * {@code DUN-408}: a stream could not be opened, most often because a port is taken; {@code DUN-402} if it is for want
     * of room.
     */
    static MachineException noStream(String channel, RegistrationException cause) {
        if (cause.errorCode() == ErrorCode.STORAGE_SPACE) {
            return new MachineException(
                    "DUN-402",
                    "not enough shared memory for %s: %s".formatted(channel, cause.getMessage()),
                    MORE_ROOM,
                    cause);
        }
        return new MachineException(
                "DUN-408",
                "cannot open %s: %s".formatted(channel, cause.getMessage()),
                "if the address is in use, choose another launch.port; see dunlin doctor",
                cause);
    }
}
