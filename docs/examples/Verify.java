import java.io.FileInputStream;
import java.io.InputStream;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.cert.*;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.*;

/**
 * Verifies a Web eID authentication token of CardBridge with the JDK alone, revocation included: OCSP, then the CRL, and
 * "cannot be known" refuses. It leaves out: test cards, policies, the nonce's single use.
 * java Verify.java CERTIFICATE ALGORITHM SIGNATURE ORIGIN NONCE root.pem [issuer.pem ...]; the first three are the token's.
 */
public class Verify {
    private static final Map<String, String> SIGNATURES = Map.of("RS256", "SHA256withRSA",
        "ES256", "SHA256withECDSAinP1363Format", "ES384", "SHA384withECDSAinP1363Format");

    static X509Certificate token(String certificate, String algorithm, String signature, String origin, String nonce,
            Set<TrustAnchor> roots, List<X509Certificate> issuers) throws GeneralSecurityException {
        if (!SIGNATURES.containsKey(algorithm) || !nonce.matches("[!-~]{44,128}")) throw new Refused("algorithm or nonce");
        X509Certificate card = read(new ByteArrayInputStream(Base64.getDecoder().decode(certificate)));
        boolean fits = switch (algorithm) {
            case "RS256" -> card.getPublicKey() instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() >= 2048;
            case "ES256" -> card.getPublicKey() instanceof ECPublicKey ec && ec.getParams().getOrder().bitLength() == 256;
            default -> card.getPublicKey() instanceof ECPublicKey ec && ec.getParams().getOrder().bitLength() == 384;
        };
        if (!fits) throw new Refused("algorithm does not fit the key");
        MessageDigest hash = MessageDigest.getInstance("SHA-" + algorithm.substring(2));
        Signature verifier = Signature.getInstance(SIGNATURES.get(algorithm));
        verifier.initVerify(card.getPublicKey());
        verifier.update(hash.digest(origin.getBytes(StandardCharsets.UTF_8))); // digest() begins anew each time
        verifier.update(hash.digest(nonce.getBytes(StandardCharsets.UTF_8)));
        if (!verifier.verify(Base64.getDecoder().decode(signature))) throw new Refused("signature");
        List<String> extended = card.getExtendedKeyUsage();
        if (card.getBasicConstraints() >= 0 || card.getKeyUsage() == null || !card.getKeyUsage()[0]
                || (extended != null && !extended.contains("1.3.6.1.5.5.7.3.2"))) throw new CertificateException("not a holder's signature certificate");
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(card);
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(roots, target);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(issuers)));
        CertPathBuilder builder = CertPathBuilder.getInstance("PKIX");
        parameters.addCertPathChecker((PKIXRevocationChecker) builder.getRevocationChecker()); // no SOFT_FAIL: fail closed
        builder.build(parameters);
        return card;
    }

    static class Refused extends GeneralSecurityException {
        Refused(String what) { super("token refused: " + what); }
    }

    static X509Certificate read(InputStream in) throws CertificateException {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }

    public static void main(String[] args) throws Exception {
        List<X509Certificate> issuers = new ArrayList<>();
        for (String name : Arrays.asList(args).subList(6, args.length)) issuers.add(read(new FileInputStream(name)));
        Set<TrustAnchor> roots = Set.of(new TrustAnchor(read(new FileInputStream(args[5])), null));
        try {
            System.out.println(token(args[0], args[1], args[2], args[3], args[4], roots, issuers).getSubjectX500Principal());
        } catch (GeneralSecurityException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
