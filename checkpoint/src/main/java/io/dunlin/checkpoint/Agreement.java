package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/** Work whose outcome all ranks share: what was made, or the failure, typed as on the rank where it happened. */
final class Agreement {
    private static final byte DONE = 0;
    private static final byte FAILED = 1;

    private final Peers peers;

    Agreement(Peers peers) {
        this.peers = peers;
    }

    /** One rank's outcome; {@code made} counts if there is no failure. */
    record Vote(byte[] made, Optional<CheckpointException> failure) {}

    /** Rank 0 works; every rank returns what it made, or throws what it threw. */
    byte[] byFirst(Supplier<byte[]> work) {
        byte[] message = peers.rank() == 0 ? outcome(work) : new byte[0];
        Vote vote = decode(peers.fromFirst(message));
        if (vote.failure().isPresent()) {
            throw vote.failure().get();
        }
        return vote.made();
    }

    /** Every rank works; every rank learns all outcomes, in order of ranks. */
    List<Vote> byAll(Supplier<byte[]> work) {
        List<Vote> votes = new ArrayList<>();
        for (byte[] message : peers.gather(outcome(work))) {
            votes.add(decode(message));
        }
        return votes;
    }

    private static byte[] outcome(Supplier<byte[]> work) {
        try {
            return message(DONE, work.get());
        } catch (CheckpointException e) {
            String text = JsonNodeFactory.instance
                    .objectNode()
                    .put("error", e.error().name())
                    .put("message", e.getMessage())
                    .put("remedy", e.remedy())
                    .toString();
            return message(FAILED, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static byte[] message(byte kind, byte[] content) {
        byte[] message = new byte[content.length + 1];
        message[0] = kind;
        System.arraycopy(content, 0, message, 1, content.length);
        return message;
    }

    private static Vote decode(byte[] message) {
        byte[] content = Arrays.copyOfRange(message, 1, message.length);
        if (message[0] == DONE) {
            return new Vote(content, Optional.empty());
        }
        JsonNode failure = JsonMapper.shared().readTree(content);
        return new Vote(
                new byte[0],
                Optional.of(new CheckpointException(
                        CheckpointError.valueOf(failure.path("error").stringValue()),
                        failure.path("message").stringValue(),
                        failure.path("remedy").stringValue())));
    }
}
