package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.AeronTransport;
import java.nio.file.Path;

/** Communicators between processes, over the media driver that the node agent runs. */
public final class AeronCommunicators {
    private AeronCommunicators() {}

    /** {@link #connect} where all members are on this host, with the standard profile. */
    public static Communicator onOneHost(CommunicatorSettings settings, Path directory) {
        return connect(
                settings,
                AeronSettings.onOneHost(
                        directory,
                        settings.generation(),
                        settings.rank(),
                        settings.group().size()));
    }

    /**
     * Joins a group and waits until all its members have met.
     *
     * @throws io.dunlin.collectives.CollectiveException {@code DUN-705} naming those that are missing
     * @throws io.dunlin.collectives.transport.MachineException if no driver answers, or a stream cannot be opened
     */
    public static Communicator connect(CommunicatorSettings settings, AeronSettings aeron) {
        if (settings.group().size() == 1) {
            return new SoloCommunicator(settings.group());
        }
        StreamCommunicator communicator =
                StreamCommunicator.start(settings, AeronTransport.open(aeron), System::nanoTime);
        try {
            communicator.awaitConnected();
        } catch (RuntimeException e) {
            communicator.close();
            throw e;
        }
        return communicator;
    }
}
