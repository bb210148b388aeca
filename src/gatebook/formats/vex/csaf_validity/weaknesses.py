"""Names of weaknesses: test 6.1.11.

The catalogue of weaknesses (https://cwe.mitre.org) has about a thousand entries and changes several
times a year; it is not part of Gatebook. The names here are those that advisories use most, in the
words of CWE 4.9 and later: the yearly lists of the most dangerous weaknesses and what stands near
them. For these, id and name are compared. Whether another id exists, and how it is called, is not
judged.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["NAMES", "is_misnamed"]

_TABLE: Final = """
20 Improper Input Validation
22 Improper Limitation of a Pathname to a Restricted Directory ('Path Traversal')
23 Relative Path Traversal
36 Absolute Path Traversal
59 Improper Link Resolution Before File Access ('Link Following')
61 UNIX Symbolic Link (Symlink) Following
73 External Control of File Name or Path
74 Improper Neutralization of Special Elements in Output Used by a Downstream Component \
('Injection')
77 Improper Neutralization of Special Elements used in a Command ('Command Injection')
78 Improper Neutralization of Special Elements used in an OS Command ('OS Command Injection')
79 Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')
80 Improper Neutralization of Script-Related HTML Tags in a Web Page (Basic XSS)
88 Improper Neutralization of Argument Delimiters in a Command ('Argument Injection')
89 Improper Neutralization of Special Elements used in an SQL Command ('SQL Injection')
91 XML Injection (aka Blind XPath Injection)
93 Improper Neutralization of CRLF Sequences ('CRLF Injection')
94 Improper Control of Generation of Code ('Code Injection')
116 Improper Encoding or Escaping of Output
117 Improper Output Neutralization for Logs
119 Improper Restriction of Operations within the Bounds of a Memory Buffer
120 Buffer Copy without Checking Size of Input ('Classic Buffer Overflow')
121 Stack-based Buffer Overflow
122 Heap-based Buffer Overflow
123 Write-what-where Condition
124 Buffer Underwrite ('Buffer Underflow')
125 Out-of-bounds Read
126 Buffer Over-read
127 Buffer Under-read
129 Improper Validation of Array Index
130 Improper Handling of Length Parameter Inconsistency
131 Incorrect Calculation of Buffer Size
134 Use of Externally-Controlled Format String
170 Improper Null Termination
178 Improper Handling of Case Sensitivity
190 Integer Overflow or Wraparound
191 Integer Underflow (Wrap or Wraparound)
193 Off-by-one Error
200 Exposure of Sensitive Information to an Unauthorized Actor
201 Insertion of Sensitive Information Into Sent Data
203 Observable Discrepancy
208 Observable Timing Discrepancy
209 Generation of Error Message Containing Sensitive Information
212 Improper Removal of Sensitive Information Before Storage or Transfer
250 Execution with Unnecessary Privileges
252 Unchecked Return Value
256 Plaintext Storage of a Password
257 Storing Passwords in a Recoverable Format
259 Use of Hard-coded Password
266 Incorrect Privilege Assignment
267 Privilege Defined With Unsafe Actions
269 Improper Privilege Management
273 Improper Check for Dropped Privileges
276 Incorrect Default Permissions
281 Improper Preservation of Permissions
284 Improper Access Control
285 Improper Authorization
287 Improper Authentication
288 Authentication Bypass Using an Alternate Path or Channel
290 Authentication Bypass by Spoofing
294 Authentication Bypass by Capture-replay
295 Improper Certificate Validation
297 Improper Validation of Certificate with Host Mismatch
305 Authentication Bypass by Primary Weakness
306 Missing Authentication for Critical Function
307 Improper Restriction of Excessive Authentication Attempts
311 Missing Encryption of Sensitive Data
312 Cleartext Storage of Sensitive Information
319 Cleartext Transmission of Sensitive Information
321 Use of Hard-coded Cryptographic Key
326 Inadequate Encryption Strength
327 Use of a Broken or Risky Cryptographic Algorithm
328 Use of Weak Hash
330 Use of Insufficiently Random Values
331 Insufficient Entropy
335 Incorrect Usage of Seeds in Pseudo-Random Number Generator (PRNG)
338 Use of Cryptographically Weak Pseudo-Random Number Generator (PRNG)
345 Insufficient Verification of Data Authenticity
346 Origin Validation Error
347 Improper Verification of Cryptographic Signature
352 Cross-Site Request Forgery (CSRF)
354 Improper Validation of Integrity Check Value
362 Concurrent Execution using Shared Resource with Improper Synchronization ('Race Condition')
367 Time-of-check Time-of-use (TOCTOU) Race Condition
369 Divide By Zero
377 Insecure Temporary File
384 Session Fixation
400 Uncontrolled Resource Consumption
401 Missing Release of Memory after Effective Lifetime
404 Improper Resource Shutdown or Release
407 Inefficient Algorithmic Complexity
415 Double Free
416 Use After Free
425 Direct Request ('Forced Browsing')
426 Untrusted Search Path
427 Uncontrolled Search Path Element
428 Unquoted Search Path or Element
434 Unrestricted Upload of File with Dangerous Type
457 Use of Uninitialized Variable
470 Use of Externally-Controlled Input to Select Classes or Code ('Unsafe Reflection')
476 NULL Pointer Dereference
494 Download of Code Without Integrity Check
497 Exposure of Sensitive System Information to an Unauthorized Control Sphere
502 Deserialization of Untrusted Data
521 Weak Password Requirements
522 Insufficiently Protected Credentials
532 Insertion of Sensitive Information into Log File
538 Insertion of Sensitive Information into Externally-Accessible File or Directory
552 Files or Directories Accessible to External Parties
601 URL Redirection to Untrusted Site ('Open Redirect')
610 Externally Controlled Reference to a Resource in Another Sphere
611 Improper Restriction of XML External Entity Reference
613 Insufficient Session Expiration
617 Reachable Assertion
639 Authorization Bypass Through User-Controlled Key
640 Weak Password Recovery Mechanism for Forgotten Password
662 Improper Synchronization
665 Improper Initialization
667 Improper Locking
668 Exposure of Resource to Wrong Sphere
670 Always-Incorrect Control Flow Implementation
674 Uncontrolled Recursion
681 Incorrect Conversion between Numeric Types
682 Incorrect Calculation
693 Protection Mechanism Failure
697 Incorrect Comparison
704 Incorrect Type Conversion or Cast
706 Use of Incorrectly-Resolved Name or Reference
732 Incorrect Permission Assignment for Critical Resource
754 Improper Check for Unusual or Exceptional Conditions
755 Improper Handling of Exceptional Conditions
763 Release of Invalid Pointer or Reference
770 Allocation of Resources Without Limits or Throttling
772 Missing Release of Resource after Effective Lifetime
776 Improper Restriction of Recursive Entity References in DTDs ('XML Entity Expansion')
787 Out-of-bounds Write
788 Access of Memory Location After End of Buffer
798 Use of Hard-coded Credentials
805 Buffer Access with Incorrect Length Value
822 Untrusted Pointer Dereference
823 Use of Out-of-range Pointer Offset
824 Access of Uninitialized Pointer
825 Expired Pointer Dereference
829 Inclusion of Functionality from Untrusted Control Sphere
834 Excessive Iteration
835 Loop with Unreachable Exit Condition ('Infinite Loop')
843 Access of Resource Using Incompatible Type ('Type Confusion')
862 Missing Authorization
863 Incorrect Authorization
908 Use of Uninitialized Resource
909 Missing Initialization of Resource
913 Improper Control of Dynamically-Managed Code Resources
915 Improperly Controlled Modification of Dynamically-Determined Object Attributes
916 Use of Password Hash With Insufficient Computational Effort
917 Improper Neutralization of Special Elements used in an Expression Language Statement \
('Expression Language Injection')
918 Server-Side Request Forgery (SSRF)
922 Insecure Storage of Sensitive Information
924 Improper Enforcement of Message Integrity During Transmission in a Communication Channel
941 Incorrectly Specified Destination in a Communication Channel
1021 Improper Restriction of Rendered UI Layers or Frames
1236 Improper Neutralization of Formula Elements in a CSV File
1284 Improper Validation of Specified Quantity in Input
1286 Improper Validation of Syntactic Correctness of Input
1321 Improperly Controlled Modification of Object Prototype Attributes ('Prototype Pollution')
1333 Inefficient Regular Expression Complexity
1336 Improper Neutralization of Special Elements Used in a Template Engine
1385 Missing Origin Validation in WebSockets
1390 Weak Authentication
1391 Use of Weak Credentials
1392 Use of Default Credentials
1393 Use of Default Password
"""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"CWE-{number}": name
        for number, _, name in (line.partition(" ") for line in _TABLE.strip().splitlines())
    }
)
"""Names by id, of the weaknesses that are known here."""


def is_misnamed(identifier: str, name: str) -> bool:
    """Whether a weakness that is known here goes by another name than ``name``."""
    known = NAMES.get(identifier)
    return known is not None and known != name
