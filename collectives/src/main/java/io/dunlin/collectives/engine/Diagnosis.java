package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.OperationHeader;
import io.dunlin.collectives.wire.OperationKind;
import java.util.ArrayList;
import java.util.List;

/** Puts failures into words: who noticed, who is to blame, which operation, how far it came. */
final class Diagnosis {
    private final CommunicatorSettings settings;
    private final Transport transport;
    private final Window window;
    private final Peers peers;

    Diagnosis(CommunicatorSettings settings, Transport transport, Window window, Peers peers) {
        this.settings = settings;
        this.transport = transport;
        this.window = window;
        this.peers = peers;
    }

    private String me() {
        return "rank " + settings.globalRank(settings.rank());
    }

    /** {@code rank 2 (pid 4711)}. */
    private String name(int member) {
        String rank = "rank " + settings.globalRank(member);
        return peers.isKnown(member) ? rank + " (pid " + peers.processId(member) + ")" : rank;
    }

    private List<Integer> blamed(int member) {
        return List.of(settings.globalRank(member));
    }

    private String where(Execution execution) {
        return "operation %d of group %s (%s), %,d of %,d bytes moved"
                .formatted(
                        execution.number(),
                        settings.group().name(),
                        OperationHeader.describe(execution.headerAddress()),
                        execution.bytesMoved(),
                        execution.bytesToMove());
    }

    CollectiveException desync(int member, long theirHeader, long ourHeader) {
        return CollectiveException.desync(
                "operation %d of group %s: %s called %s, %s called %s"
                        .formatted(
                                OperationHeader.operation(theirHeader),
                                settings.group().name(),
                                name(member),
                                OperationHeader.describe(theirHeader),
                                me(),
                                OperationHeader.describe(ourHeader)),
                List.of(settings.globalRank(member), settings.globalRank(settings.rank())));
    }

    CollectiveException damaged(int member, long number) {
        return CollectiveException.transportFailed(
                "%s received a damaged frame from %s in operation %d of group %s"
                        .formatted(me(), name(member), number, settings.group().name()),
                "check the memory and the network of both hosts");
    }

    CollectiveException stranger(int member, String what) {
        return CollectiveException.notConnected(
                "%s was greeted in place of %s by %s (%s)".formatted(me(), name(member), what, transport.route(member)),
                "is another run using the same ports or folder?",
                blamed(member));
    }

    CollectiveException choosesOtherwise(int member, long theirTuning, long ourTuning) {
        return CollectiveException.notConnected(
                "group %s: %s and %s would choose different algorithms (tuning %016x, tuning %016x)"
                        .formatted(settings.group().name(), name(member), me(), theirTuning, ourTuning),
                "give all ranks the same table of algorithms, order of reduction and list of hosts",
                List.of(settings.globalRank(member), settings.globalRank(settings.rank())));
    }

    CollectiveException lost(int member, Execution execution) {
        return CollectiveException.peerLost(
                "%s lost %s (%s) during %s".formatted(me(), name(member), transport.route(member), where(execution)),
                blamed(member));
    }

    CollectiveException lostDuring(int member, String what) {
        return CollectiveException.peerLost(
                "%s lost %s (%s) in group %s during %s"
                        .formatted(
                                me(),
                                name(member),
                                transport.route(member),
                                settings.group().name(),
                                what),
                blamed(member));
    }

    CollectiveException messageTimedOut(int member, String what) {
        return CollectiveException.timedOut(
                "%s waited %.1f s for %s in group %s: %s"
                        .formatted(
                                me(),
                                settings.operationTimeout().toNanos() / 1e9,
                                name(member),
                                settings.group().name(),
                                what),
                "see the log of rank %d".formatted(settings.globalRank(member)),
                blamed(member));
    }

    boolean hasEnded(int member) {
        return peers.hasEnded(member);
    }

    CollectiveException ended(int member, Execution execution) {
        return CollectiveException.peerLost(
                "%s lost %s: its process has ended, during %s".formatted(me(), name(member), where(execution)),
                blamed(member));
    }

    CollectiveException lostWhileConnecting(int member) {
        return CollectiveException.peerLost(
                "%s lost %s (%s) while group %s was connecting"
                        .formatted(
                                me(),
                                name(member),
                                transport.route(member),
                                settings.group().name()),
                blamed(member));
    }

    CollectiveException notConnected() {
        List<Integer> missing = new ArrayList<>();
        List<String> words = new ArrayList<>();
        for (int member = 0; member < settings.group().size(); member++) {
            if (member != settings.rank() && !peers.hasWelcomed(member)) {
                missing.add(settings.globalRank(member));
                words.add("rank %d (%s, %s)"
                        .formatted(settings.globalRank(member), transport.route(member), acquaintance(member)));
            }
        }
        return CollectiveException.notConnected(
                "%s waited %.1f s for group %s, generation %d; missing: %s"
                        .formatted(
                                me(),
                                settings.connectTimeout().toNanos() / 1e9,
                                settings.group().name(),
                                settings.generation(),
                                String.join("; ", words)),
                "see the logs of the missing ranks",
                missing);
    }

    /** How far a member that has not welcomed this one has come. */
    private String acquaintance(int member) {
        if (peers.isKnown(member)) {
            return "heard, but it does not answer";
        }
        return switch (transport.state(member)) {
            case CONNECTING -> "not reached";
            case UP -> "reached, but silent";
            case DEAF, SILENT, GONE -> "reached, but its streams broke off";
        };
    }

    CollectiveException timedOut(Execution execution) {
        List<Integer> missing = new ArrayList<>();
        List<String> words = new ArrayList<>();
        for (int member = 0; member < settings.group().size(); member++) {
            if (!execution.receivedAll(member) || !execution.sentAll(member)) {
                missing.add(settings.globalRank(member));
                words.add(name(member) + " " + progress(member, execution));
            }
        }
        return CollectiveException.timedOut(
                "%s waited %.1f s in %s; waiting for: %s"
                        .formatted(
                                me(),
                                settings.operationTimeout().toNanos() / 1e9,
                                where(execution),
                                words.isEmpty() ? "nobody" : String.join("; ", words)),
                "see the logs of the ranks that are waited for",
                missing);
    }

    private String progress(int member, Execution execution) {
        if (!peers.hasReported(member)) {
            return "has not answered";
        }
        long theirs = peers.headerAddress(member);
        if (peers.called(member) <= execution.number()) {
            return OperationHeader.kind(theirs) == OperationKind.NOT_ENTERED
                    ? "has not called it; it is in no operation"
                    : "has not called it; it is in operation %d (%s)"
                            .formatted(OperationHeader.operation(theirs), OperationHeader.describe(theirs));
        }
        return execution.arrived(member) ? "has entered it" : "has called it";
    }

    /** Whether a status shows that a member called something else than this one did, and if so which operation. */
    boolean contradicts(long theirHeader) {
        long number = OperationHeader.operation(theirHeader);
        return OperationHeader.kind(theirHeader) != OperationKind.NOT_ENTERED
                && window.remembers(number)
                && !OperationHeader.sameCall(theirHeader, window.headerAddress(number));
    }
}
